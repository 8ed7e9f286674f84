// Starts the console: continues a sign-in that has left the page, and renders the application into the page.
import { html, render } from './preact.js';
import { App } from './app.js';
import { start } from './oidc.js';
import { readAll } from './views.js';

start();
render(html`<${App} />`, document.getElementById('console'));
// The scripts of the other views follow when the first view has been shown for a while.
setTimeout(readAll, 2000);
