// The htmx extension: one object that htmx' ws extension takes for a WebSocket, and that puts
// together the connection, the streams and the outbox; and the forms that say something.
// Needs htmx 2 with its ws extension, and the other files here before it.
(function () {
  'use strict';
  const live = window.partyline;
  if (!window.htmx) return; // then every form POSTs

  const LARGEST = 60000; // bytes of a frame; the server's limit is above it
  const IDLE = 300000; // ms without a key or a pointer
  const AWAY = 60000; // ms hidden, after which a person is idle, and we look whether the socket is still alive
  const LOOK = 5000; // ms between looks whether the person has become idle
  const FORM = 'form[ws-send], form[data-ws-send]';

  let active = Date.now();
  let hidden = 0;
  let said = false; // whether we last said that the person is idle
  let greeted = false; // the same, to the newest connection
  let socket = null; // one per page

  // What the ws extension touches: readyState, the instance's OPEN, send(), close(), addEventListener,
  // onopen and onclose. It is always open to it: what cannot be sent now, waits in the outbox.
  class Socket {
    constructor(url) {
      this.OPEN = 1;
      this.readyState = 1;
      this.url = url;
      this.listener = null;
      this.template = '';
      this.connection = new live.Connection(url, this);
      this.streams = new live.Streams({
        ask: (frame, link) => this.connection.ask(frame, link),
        swap: (html, arrived) => this.swap(html, arrived),
        said: (id) => this.outbox.settle(id),
        isOurs: (id) => this.outbox.items.has(id),
        goOn: () => live.pause(false),
        kept: () => live.drawPause(),
        replace: live.replace,
        replaced: () => this.outbox.refresh(),
        changed: () => this.changed(),
      });
      this.outbox = new live.Outbox((frame) => this.connection.send(frame));
    }

    open() {
      this.readyState = 1;
      this.connection.open();
    }

    close() {
      this.readyState = 3;
      this.connection.close();
    }

    // `arrived`: when it came, in milliseconds, if that is not now. What has the focus keeps it in its new
    // shape: the ws extension swaps without a thought of it.
    swap(html, arrived) {
      const focused = document.activeElement;
      live.arrived = arrived;
      if (this.listener) this.listener({type: 'message', data: html});
      live.arrived = 0;
      const again = focused && focused.id && !focused.isConnected && document.getElementById(focused.id);
      if (again) again.focus({preventScroll: true});
    }

    // The ws extension may ask for its socket twice: each frame is swapped once.
    addEventListener(name, listener) {
      if (name === 'message') this.listener = listener;
    }

    send(text) {
      const frame = JSON.parse(text);
      frame.client_id = frame.client_id || live.uuid();
      this.outbox.add(frame, this.template);
      this.template = '';
    }

    // From here on what the connection calls.
    hello() {
      said = greeted = idle();
      return {...this.streams.hello(), ...(said && {idle: true})};
    }

    probe() {
      return this.streams.probe();
    }

    beat() {
      said = idle();
      return {type: 'beat', idle: said};
    }

    tick() {
      this.outbox.tick();
    }

    frame(frame, link) {
      if (frame.error) console.warn('partyline:', frame.error, frame.message);
      this.outbox.take(frame);
      if (frame.stream !== undefined) this.streams.take(frame, link);
    }

    live() {
      if (this.onopen) this.onopen({type: 'open'});
      if (idle() !== greeted) this.connection.send(this.beat(), false);
      this.outbox.live();
    }

    stopped(code) {
      this.outbox.failAll(this.connection.stopped);
      if (this.onclose) this.onclose({type: 'close', code});
    }

    changed() {
      const {connection} = this;
      if (connection.hopeless) this.outbox.failAll('Not sent: there is no live connection here.');
      if (connection.stopped) live.tell('refused', connection.stopped);
      else if (this.streams.refused) live.tell('refused', 'Part of this page is gone, or no longer open to you.');
      else if (connection.live) live.tell('live', '');
      else if (connection.broken) live.tell('offline', 'No live connection: reload the page to see what is new.');
      else if (navigator.onLine === false) live.tell('offline', 'Offline. What you write is sent later.');
      else live.tell('reconnecting', 'Reconnecting…');
    }
  }

  htmx.createWebSocket = function (url) {
    if (!socket || socket.url !== url) {
      if (socket) socket.close();
      socket = live.socket = new Socket(url);
    }
    socket.open();
    return socket;
  };

  htmx.defineExtension('partyline', {
    // Called for the answers to requests too; those have an xhr.
    transformResponse: (text, xhr) => (xhr ? text : live.idempotent(text)),

    onEvent(name, event) {
      if (name !== 'htmx:wsConfigSend') return;
      const {csrfmiddlewaretoken, HEADERS, ...fields} = event.detail.parameters;
      event.detail.messageBody = JSON.stringify(fields);
      if (socket) socket.template = event.detail.elt.dataset.pending || '';
    },
  });

  document.addEventListener('htmx:wsAfterSend', ({target}) => target.matches(FORM) && clear(target));

  // Before htmx sees it: say what cannot be sent, and leave the form to the browser where we have no socket.
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!form.matches(FORM)) return;
    const problem = refusal(form);
    if (problem) event.preventDefault();
    if (problem || !socket || !socket.connection.usable) event.stopImmediatePropagation();
  }, true);

  function refusal(form) {
    const field = [...form.elements].find((each) => each.matches('textarea, input[type=text]'));
    const say = (words) => {
      if (!field) return live.notice(words) || words;
      field.setCustomValidity(words);
      field.reportValidity();
      return words;
    };
    for (const each of form.elements) {
      if (!each.matches('textarea, input[type=text]')) continue;
      each.setCustomValidity('');
      if (each.required && !each.value.trim()) return say('Write something first.');
      if (each.maxLength > 0 && each.value.length > each.maxLength) {
        return say(`That is ${each.value.length} characters; ${each.maxLength} at most.`);
      }
    }
    const size = new Blob([JSON.stringify(Object.fromEntries(new FormData(form)))]).size;
    if (size > LARGEST) return say('That is too long to be sent.');
    if (!socket) return '';
    if (socket.connection.stopped) return say(socket.connection.stopped);
    if (socket.outbox.full) return say('Too much is waiting to be sent already.');
    return '';
  }

  function clear(form) {
    for (const each of form.elements) {
      if (each.matches('textarea, input[type=text]')) each.value = '';
    }
    renew(form);
  }

  // A client_id serves once, and browsers restore old ones after a reload or a step back.
  function renew(form) {
    const field = form.elements.client_id;
    if (field) field.value = live.uuid();
  }

  const renewAll = () => document.querySelectorAll(FORM).forEach(renew);

  // Where no socket works, a failed line is sent again by its form.
  function retry(id) {
    const {connection, outbox} = socket;
    const item = outbox.items.get(id);
    if (!item || connection.stopped) return;
    const form = [...document.querySelectorAll(FORM)].find((each) => each.dataset.pending === item.pending);
    if (connection.usable || !form) return outbox.retry(id);
    for (const [name, value] of Object.entries(item.frame)) {
      if (form.elements[name]) form.elements[name].value = value;
    }
    outbox.settle(id);
    form.submit();
  }

  document.addEventListener('click', ({target}) => {
    const button = target.closest && target.closest('[data-retry], [data-discard]');
    const line = button && button.closest('[id^="pending-"]');
    if (!line || !socket) return;
    const id = line.id.slice('pending-'.length);
    if (button.matches('[data-retry]')) retry(id);
    else socket.outbox.settle(id);
  });

  // Enter sends, Shift+Enter breaks the line; the Enter that ends a composition (IME) does neither.
  document.addEventListener('keydown', (event) => {
    const {target} = event;
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (!target.matches('textarea') || !target.form || !target.form.matches(FORM)) return;
    event.preventDefault();
    target.setCustomValidity(''); // what was wrong may be right now
    if (!event.repeat) target.form.requestSubmit();
  });

  document.addEventListener('input', ({target}) => target.setCustomValidity && target.setCustomValidity(''));

  function idle() {
    return Date.now() - active > IDLE || (document.hidden && Date.now() - hidden > AWAY);
  }

  // Say at once that the person has gone idle or come back; else the beat would, up to 25 s later.
  function look() {
    if (socket && idle() !== said) socket.connection.send(socket.beat(), false);
  }

  function stir() {
    active = Date.now();
    if (said) look();
  }

  for (const name of ['keydown', 'pointerdown', 'pointermove', 'wheel']) {
    document.addEventListener(name, stir, {passive: true});
  }
  setInterval(look, LOOK);

  const wake = () => socket && socket.connection.wake();
  window.addEventListener('online', wake);
  window.addEventListener('offline', wake);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) hidden = Date.now();
    else {
      stir();
      if (Date.now() - hidden > AWAY) wake();
    }
  });

  // An open socket would keep the page out of the back/forward cache; there it needs none.
  window.addEventListener('pagehide', () => socket && socket.close());
  window.addEventListener('pageshow', (event) => {
    renewAll();
    if (event.persisted && socket) socket.open();
  });

  renewAll();
  new MutationObserver((records) => {
    live.pageChanged(records);
    if (socket) socket.streams.scan();
  }).observe(document.body, {childList: true, subtree: true});
})();
