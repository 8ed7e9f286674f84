// settingsOf parses a JSON object. It returns null if the text is none.
export function settingsOf(text) {
  try {
    const value = JSON.parse(text);
    return value instanceof Object && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
