"""Users, memberships, tokens, sign-in, roles as one table, and the policy."""
