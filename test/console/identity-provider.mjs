// An identity provider for the tests: oidc-provider with its sign-in page for development, which accepts every name. The
// name is the number of a tenant. It prints "issuer URL" when it listens. With an argument it behaves like the product of
// that name: its scopes, the claims of its access tokens, and what it requires of a request.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const resource = 'urn:discovery';
const both = ['discovery:read', 'discovery:write'];
const names = ['discovery.read', 'discovery.write'];
const api = 'https://discovery.example';

// claims returns the claims of an access token of the tenant. requires refuses a request for an authorisation.
const manners = {
  '': { scopes: both, claims: (tenant) => ({ tenant_id: tenant }) },
  auth0: {
    scopes: both, requires: (query) => query.get('audience') === api,
    claims: (tenant) => ({ aud: [api, api + '/userinfo'], scope: 'openid offline_access', permissions: both, [api + '/tenant_id']: tenant }),
  },
  entra: {
    scopes: ['api://app/.default'], requires: (query) => query.get('scope').includes('api://app/.default'),
    claims: (tenant) => ({ aud: 'app', scope: undefined, scp: names.join(' '), tid: tenant, preferred_username: 'maria@acme.example' }),
  },
  // Its token endpoint has another origin than the issuer, which the console permits only with https. Its access tokens
  // have no aud, which oidc-provider does not permit; the service is told not to check it.
  cognito: {
    scopes: names.map((name) => api + '/' + name),
    claims: (tenant) => ({ aud: 'console', token_use: 'access', username: 'maria', 'custom:tenant_id': tenant }),
  },
  keycloak: {
    scopes: both,
    claims: (tenant) => ({ aud: ['discovery', 'account'], typ: 'Bearer', preferred_username: 'maria', tenant_id: [tenant] }),
  },
};
const manner = manners[process.argv[2] ?? ''];

const server = createServer().listen(0, '127.0.0.1', () => {
  const issuer = 'http://127.0.0.1:' + server.address().port;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'console', token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['http://127.0.0.1/console/callback'], post_logout_redirect_uris: ['http://127.0.0.1/console'],
    }],
    scopes: ['openid', 'offline_access', ...manner.scopes],
    extraParams: ['audience'],
    features: {
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: manner.scopes.join(' '), audience: 'discovery', accessTokenFormat: 'jwt', accessTokenTTL: 600 }),
      },
    },
    formats: {
      customizers: {
        jwt: (ctx, token, jwt) => {
          Object.assign(jwt.payload, manner.claims('018f0000-0000-7000-8000-' + String(token.accountId).padStart(12, '0')));
        },
      },
    },
    issueRefreshToken: () => true,
    clientBasedCORS: () => true,
    cookies: { keys: ['of the tests'] },
    ttl: { AccessToken: 600, RefreshToken: 86400, IdToken: 600, Session: 86400, Grant: 86400, Interaction: 600 },
  });
  // The port of the service is not known yet.
  const allowed = (uris) => (uri) => new URL(uri).port !== '' && uris.includes(uri.replace(/:\d+\//, '/'));
  provider.Client.prototype.redirectUriAllowed = allowed(['http://127.0.0.1/console/callback']);
  provider.Client.prototype.postLogoutRedirectUriAllowed = allowed(['http://127.0.0.1/console']);
  const callback = provider.callback();
  server.on('request', (request, response) => {
    const { pathname, searchParams } = new URL(request.url, issuer);
    if (pathname === '/auth' && manner.requires && !manner.requires(searchParams)) {
      response.writeHead(400).end('the request lacks a parameter');
    } else {
      callback(request, response);
    }
  });
  console.log('issuer ' + issuer);
});
