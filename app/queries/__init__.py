"""What pages read: statements that are made once, and the functions that return their rows.

Nothing here writes, knows a request or makes HTML; what is stored, and the verbs on it,
belong to the models, and how a row looks on a page to `app.rendering`.
"""
