"""Messages to the artist outside of a terminal: on this desktop, and on a phone.

A broken bus or a server that does not answer is no error, and never keeps a post waiting.
"""
