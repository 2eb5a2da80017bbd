"""A service in Python, with clients that are not ours: requests-oauthlib gets
tokens by client credentials and refreshes a session; PyJWT verifies both with
the published keys. Arguments: base URL, API key's id, API key, refresh token."""

import sys

import jwt
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

base, key_id, key, refresh_token = sys.argv[1:]


def verify(token):
    signing_key = jwt.PyJWKClient(base + "/.well-known/jwks.json").get_signing_key_from_jwt(token)
    return jwt.decode(token, signing_key.key, algorithms=["ES256"], audience="sallyport", issuer=base,
                      options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]})


service = OAuth2Session(client=BackendApplicationClient(client_id=key_id))
token = service.fetch_token(base + "/oauth/token", auth=HTTPBasicAuth(key_id, key))
claims = verify(token["access_token"])
assert claims["sub"] == claims["client_id"] == key_id, claims
assert claims["scope"] == "users:read", claims
assert "refresh_token" not in token, token
assert service.get(base + "/users").status_code == 200

user = OAuth2Session(client=LegacyApplicationClient(client_id="any"), token={"refresh_token": refresh_token, "access_token": "x"})
token = user.refresh_token(base + "/oauth/token", refresh_token=refresh_token)
claims = verify(token["access_token"])
assert claims["type"] == "access" and claims["sid"], claims
assert user.get(base + "/users/me").json()["id"] == claims["sub"]
print("ok")
