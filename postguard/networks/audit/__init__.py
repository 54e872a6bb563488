"""The account audit: what a network's own settings say of an account, and how to change them.

`*_facts` read, `*_checks` judge what was read (pure), `*_settings` change and undo.
"""
