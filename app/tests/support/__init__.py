"""What tests stand on: people, browsers, clocks, and applications that may break.

Whatever two modules need is here, and no test is; programs beside the suite are in `programs`,
what speaks OpenID in `openid`.
"""
