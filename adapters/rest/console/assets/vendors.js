// The vendors of the service, with the usual base URL of their API.
export const vendors = { pluggy: 'https://api.pluggy.ai', belvo: 'https://api.belvo.com', plaid: 'https://production.plaid.com' };
