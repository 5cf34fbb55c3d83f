"""Find users that are tokens: some HTTP services take one there, beside a password of no meaning.

GitHub takes ``https://TOKEN:x-oauth-basic@…``, Toggl ``TOKEN:api_token``, Freshdesk and others
``KEY:X``, DigitalOcean's registry the token twice. Without a password the user is hidden anyway.
"""

from __future__ import annotations

_FIXED = (
    " x-oauth-basic x-access-token x-token-auth oauth2 oauth oauth2accesstoken token api_token"
    " api-token apitoken api_key api-key apikey api key bearer basic x xx xxx _ - none null"
    " unused ignored blank empty dummy anything random gitlab-ci-token gitlab-deploy-token "
)
"""Passwords that stand behind a token, or users before one, in lower case, with blanks around."""
_PREFIXES = (
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glcbt-"),
    *("sk_", "rk_", "pk_", "sk-", "xoxb-", "xoxp-", "xapp-", "npm_", "pypi-", "dop_v1_", "hvs."),
    *("sntrys_", "sntryu_", "shpat_", "sg.", "key-", "eyj"),
)
"""Beginnings of tokens, in lower case."""
_LONG = 20
"""So many letters and digits, mixed, are hardly a name."""


def is_token(user: str, password: str) -> bool:
    """Return True if a user may be a token, by itself or by the password behind it."""
    lowered = user.lower()
    if not user or f" {lowered} " in _FIXED:
        return False
    if user == password:  # hidden, because it shows the password
        return True
    if f" {password.lower()} " in _FIXED or lowered.startswith(_PREFIXES):
        return True
    return is_random(user)


def is_random(user: str) -> bool:
    """Return True if a user looks like a token: long, with letters and digits."""
    letters = sum(letter.isalpha() for letter in user)
    digits = sum(letter.isdigit() for letter in user)
    return len(user) >= _LONG and letters > 0 and digits > 0
