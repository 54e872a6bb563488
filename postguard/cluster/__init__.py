"""Cloaking elsewhere: the PC with the GPU works for the box that is always on.

Dask distributed moves the work, over mutual TLS. Whoever holds a certificate of the artist's own
authority can run code on every machine of the cluster, so there is one authority for one artist,
and no certificate for anybody else.
"""
