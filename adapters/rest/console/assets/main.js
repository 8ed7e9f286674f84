// Starts the console: renders the application into the page.
import { html, render } from './preact.js';
import { App } from './app.js';

render(html`<${App} />`, document.getElementById('console'));
