// The choice of one connection: a list if there are few, otherwise a field that finds connections by a part of the name.
import { findConnections, loadConnections } from './connections-data.js';
import { t } from './i18n.js';
import { html, useEffect, useState } from './preact.js';
import { useLoad, useResource } from './resource.js';
import { Field, Select } from './ui.js';

const typingPause = 150;
const list = 'connections-found';

// Found is the field. It calls onChange when the text is the name of a connection, or empty.
function Found({ name, value, onChange }) {
  const present = useResource(value ? '/aggregator-connections/' + value : null).value?.data.configName;
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState('');
  const found = useLoad('connections ' + asked, (signal) => findConnections(asked, signal)).value || [];
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed.trim()), typingPause);
    return () => clearTimeout(timer);
  }, [typed]);
  // check chooses the connection whose name the field contains. The form cannot be sent with another text.
  const check = (input) => {
    const chosen = found.find(({ configName }) => configName === input.value);
    input.setCustomValidity(chosen || input.value === '' || input.value === present ? '' : t('invalid.connection'));
    if (chosen && chosen.connectionId !== value) onChange(chosen.connectionId);
  };
  const type = (event) => {
    setTyped(event.target.value);
    check(event.target);
    if (event.target.value === '' && value) onChange('');
  };
  useEffect(() => check(document.getElementById('connectionName')), [found]);
  return html`<${Field} label=${t('column.connection')} name="connectionName" type="search" autocomplete="off" list=${list}
      placeholder=${t('filter.all')} key=${present} defaultValue=${present} onInput=${type} />
    <input type="hidden" name=${name} value=${value} />
    <datalist id=${list}>${found.map(({ connectionId, configName }) => html`<option key=${connectionId} value=${configName} />`)}</datalist>`;
}

// ConnectionChoice chooses a connection by its id; "" chooses all.
export function ConnectionChoice({ name, value, onChange }) {
  const connections = useLoad('all connections', loadConnections).value;
  if (connections && !connections.complete) return html`<${Found} name=${name} value=${value} onChange=${onChange} />`;
  const all = (connections?.all || []).map(({ connectionId, configName }) => [connectionId, configName]);
  return html`<${Select} label=${t('column.connection')} name=${name} value=${value} onChange=${onChange}
    options=${[['', t('filter.all')], ...all]} />`;
}
