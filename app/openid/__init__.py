"""OpenID plumbing, without pages: what the sign-in and the provider stand on."""
