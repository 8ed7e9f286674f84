// An identity provider for the tests: oidc-provider with its sign-in page for development, which accepts every name. The
// name is the number of a tenant. It prints "issuer URL" when it listens.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const resource = 'urn:discovery';
const scopes = 'discovery:read discovery:write';

const server = createServer().listen(0, '127.0.0.1', () => {
  const issuer = 'http://127.0.0.1:' + server.address().port;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'console', token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['http://127.0.0.1/console/callback'], post_logout_redirect_uris: ['http://127.0.0.1/console'],
    }],
    scopes: ['openid', 'offline_access', ...scopes.split(' ')],
    features: {
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: scopes, audience: 'discovery', accessTokenFormat: 'jwt', accessTokenTTL: 600 }),
      },
    },
    extraTokenClaims: (ctx, token) => ({ tenant_id: '018f0000-0000-7000-8000-' + String(token.accountId).padStart(12, '0') }),
    issueRefreshToken: () => true,
    clientBasedCORS: () => true,
    cookies: { keys: ['of the tests'] },
    ttl: { AccessToken: 600, RefreshToken: 86400, IdToken: 600, Session: 86400, Grant: 86400, Interaction: 600 },
  });
  // The port of the service is not known yet.
  const allowed = (uris) => (uri) => new URL(uri).port !== '' && uris.includes(uri.replace(/:\d+\//, '/'));
  provider.Client.prototype.redirectUriAllowed = allowed(['http://127.0.0.1/console/callback']);
  provider.Client.prototype.postLogoutRedirectUriAllowed = allowed(['http://127.0.0.1/console']);
  server.on('request', provider.callback());
  console.log('issuer ' + issuer);
});
