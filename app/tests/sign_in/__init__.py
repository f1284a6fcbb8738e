"""The way in and out with an OpenID, for honest visitors and for those who want to be others.

What our own provider says to other sites is in `provider`, and where discovery may go in
`fetching`.
"""
