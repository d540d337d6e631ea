// An OpenID provider on loopback: panva's oidc-provider with the device flow, authorization code + PKCE, refresh tokens
// that rotate (one that is used twice revokes the whole grant), and client_credentials with JWT access tokens.
//
// usage: node server.mjs PORT      needs $LAB_OIDC_MACHINE_SECRET
// Its own development pages log anybody in under the name that is typed; browser.py plays the person.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://localhost:${port}`;

const signingKey = (type, alg, options) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  kid: `lab-${alg}`,
  alg,
  use: 'sig',
});

// The program of a person: a native client without a secret (RFC 8252).
const nativeClient = (id, more) => ({
  client_id: id,
  token_endpoint_auth_method: 'none',
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  response_types: ['code'],
  ...more,
});

const clients = [
  nativeClient('cli'),
  nativeClient('cli-es256', { id_token_signed_response_alg: 'ES256' }),
  // For one test alone, which counts its grants in the log.
  nativeClient('cli-crowd'),
  {
    // A machine with a secret.
    client_id: 'machine',
    client_secret: process.env.LAB_OIDC_MACHINE_SECRET,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  },
];

const provider = new Provider(issuer, {
  jwks: {
    keys: [
      signingKey('rsa', 'RS256', { modulusLength: 2048 }),
      signingKey('ec', 'ES256', { namedCurve: 'P-256' }),
    ],
  },
  clients,
  scopes: ['openid', 'offline_access', 'email', 'api'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.test`, email_verified: true }),
  }),
  // IAM reads the id_token, so what is asked for has to stand in it.
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  issueRefreshToken: (_, client, code) =>
    client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
  rotateRefreshToken: true,
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
  features: {
    deviceFlow: { enabled: true },
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (_, resource) => ({
        scope: 'api',
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
      }),
    },
  },
  ttl: {
    AccessToken: 300,
    AuthorizationCode: 30,
    ClientCredentials: 600,
    DeviceCode: 60,
    Grant: 3600,
    IdToken: 600,
    Interaction: 600,
    RefreshToken: 3600,
    Session: 3600,
  },
  cookies: { keys: ['lab'] },
});
provider.on('server_error', (_, error) => console.error(error));
// One line a grant, for tests that count them. The body of a token request never gets here.
for (const event of ['grant.success', 'grant.error', 'grant.revoked']) {
  provider.on(event, (ctx, detail) =>
    console.log(event, ctx.oidc?.params?.grant_type, ctx.oidc?.client?.clientId, detail?.error ?? ''));
}
provider.listen(port, '127.0.0.1');
