// Sends the token of the link that opened the page, when its button is pressed
// and not before. Both pages share it: what to send and where is in the form.
'use strict';

const form = document.querySelector('form');
const button = form.querySelector('button');
const input = document.getElementById('new_password');
const show = document.getElementById('show');
const problem = document.getElementById('problem');
const progress = document.getElementById('status');

const noToken = 'The link is not complete. Open it from the mail once more, or copy all of it.';
const noAnswer = 'The service does not answer. Check your connection and try again.';

// The token leaves the address bar at once: the history, a bookmark or a
// glance at the screen would keep it.
const token = new URLSearchParams(location.hash.slice(1)).get('token');
history.replaceState(null, '', location.pathname);

if (token) {
  form.hidden = false;
} else {
  complain(noToken);
}

// A second link opened in the same tab changes the fragment alone.
window.addEventListener('hashchange', () => location.reload());

if (show) {
  show.addEventListener('change', () => { input.type = show.checked ? 'text' : 'password'; });
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (button.disabled) return;
  complain('');
  progress.textContent = form.dataset.doing;
  button.disabled = true;
  try {
    const refusal = await send();
    if (refusal === null) {
      finish();
      return;
    }
    complain(await describe(refusal));
  } catch {
    complain(noAnswer);
  }
  progress.textContent = '';
  button.disabled = false;
  if (input) input.focus();
});

// send posts the token and returns null, or the response that refused it.
async function send() {
  const body = { token };
  if (input) body.new_password = input.value;
  const response = await fetch(form.getAttribute('action'), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    credentials: 'omit',
  });
  return response.ok ? null : response;
}

// describe puts a problem document (RFC 9457) into words for this page.
async function describe(response) {
  const details = await response.json().catch(() => ({}));
  if (details.type === '/problems/invalid-mail-token') {
    return details.detail + '. The link was used already, or it is too old: ask for a new mail.';
  }
  const field = (details.errors || []).find((e) => e.field === 'new_password');
  if (field) return 'The new password ' + field.detail + '.';
  const seconds = Number(response.headers.get('Retry-After'));
  if (seconds > 0) return details.detail + '. Try again in ' + inWords(seconds) + '.';
  return details.detail || noAnswer;
}

function inWords(seconds) {
  if (seconds < 100) return seconds === 1 ? '1 second' : seconds + ' seconds';
  return Math.ceil(seconds / 60) + ' minutes';
}

function complain(text) {
  problem.textContent = text;
  problem.hidden = text === '';
  if (input) input.setAttribute('aria-invalid', String(text !== ''));
}

function finish() {
  form.remove();
  progress.textContent = form.dataset.done;
  progress.classList.add('done');
  progress.focus();
}
