// What was said and is not yet shown: sent again until it is done, over reconnects and, in
// sessionStorage, over a reload. Each has a pending line, keyed by its client_id; the entry
// replaces it, or it turns to failed, with the reason and a retry.
(function () {
  'use strict';
  const live = window.partyline = window.partyline || {};

  const KEY = 'partyline:outbox:';
  const UNANSWERED = 3; // beats of the connection without an answer, after which it counts as failed
  const BUNCH = 10; // at most so many go out …
  const MOST = 100; // unsent messages
  const PACE = 1000; // … within so many ms, or the server finds it too much
  const AGAIN = ['unavailable', 'too_fast']; // codes that say "not now": tried again by itself

  // crypto.randomUUID() is missing on plain http.
  live.uuid = function () {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  };

  class Outbox {
    // `send(frame)` is true if there was a live socket to send on.
    constructor(send) {
      this.send = send;
      this.items = new Map(); // client_id → {frame, pending, was, before, state, sent, reason, beats}
      this.timer = 0;
      this.tries = 0;
      this.key = `${KEY}${document.body.dataset.person || ''}:${location.pathname}`;
      this.restore();
    }

    get full() {
      return this.items.size >= MOST;
    }

    // `pending` is the id of the template for its line, if there is one; `was`, whether the link that
    // says it was pressed before; `before` holds what it takes the place of, and what that would make of it.
    add(frame, pending, was, before) {
      const item = {frame, pending, was, before, state: 'waiting', sent: false, reason: '', beats: 0};
      this.items.set(frame.client_id, item);
      this.save();
      this.draw(item);
      if (!this.timer) this.flush(); // else it goes behind what waits for its turn
    }

    take(frame) {
      if (frame.done) this.done(frame.done);
      if (frame.failed) this.failed(frame.failed, frame.code, frame.message);
    }

    // It is committed; its line waits for the entry.
    done(id) {
      for (const later of this.items.values()) {
        if (later.before && id in later.before) later.was = later.before[id];
      }
      const item = this.items.get(id);
      if (!item) return;
      Object.assign(item, {state: 'done', reason: '', beats: 0});
      this.tries = 0;
      this.save();
      this.draw(item);
      if (item.was !== undefined) this.settle(id); // no entry comes for it
    }

    failed(id, code, message) {
      const item = this.items.get(id);
      if (!item || item.state === 'done') return;
      const again = AGAIN.includes(code);
      const reason = String(message || 'Not sent.');
      Object.assign(item, {state: again ? 'waiting' : 'failed', sent: false, reason, beats: 0});
      this.save();
      if (again && !this.timer) this.later(500 + live.backoff(this.tries++));
      if (this.draw(item)) return;
      live.notice(item.reason);
      if (!again && !item.pending) this.settle(id); // there is nothing to try it again with
    }

    // The page shows it: the line has done its work.
    settle(id) {
      const line = this.line(id);
      if (line) line.remove();
      if (this.items.delete(id)) this.save();
    }

    retry(id) {
      const item = this.items.get(id);
      if (!item || item.state !== 'failed') return;
      Object.assign(item, {state: 'waiting', sent: false, reason: '', beats: 0});
      this.save();
      this.draw(item);
      if (!this.timer) this.flush();
    }

    // Another socket is live: what the one before did not answer, it may never have read.
    // The server knows by the client_id what it has already.
    live() {
      for (const item of this.items.values()) item.sent = false;
      this.flush();
    }

    // Send what waits, in the order in which it was said.
    flush() {
      clearTimeout(this.timer);
      this.timer = 0;
      const waiting = [...this.items.values()].filter((item) => item.state === 'waiting' && !item.sent);
      for (const item of waiting.slice(0, BUNCH)) {
        item.sent = this.send(item.frame);
        if (!item.sent) return;
      }
      if (waiting.length > BUNCH) this.later(PACE);
    }

    later(delay) {
      this.timer = setTimeout(() => this.flush(), delay);
    }

    failAll(message) {
      for (const [id, item] of this.items) if (item.state === 'waiting') this.failed(id, '', message);
    }

    // Once per beat of a live connection.
    tick() {
      for (const [id, item] of this.items) {
        item.beats += 1;
        if (item.state === 'done' && item.beats > 1) this.settle(id); // its entry is not for this page
        if (item.state !== 'waiting' || item.beats < 2) continue;
        if (item.beats > UNANSWERED) this.failed(id, '', 'The server did not answer.');
        else this.send(item.frame);
      }
    }

    // After a reload or a fresh fragment: what the page shows is settled, what it lost is drawn again.
    refresh() {
      for (const [id, item] of this.items) {
        if (document.querySelector(`[data-client-id="${CSS.escape(id)}"]`)) this.settle(id);
        else this.draw(item);
      }
    }

    line(id) {
      return document.getElementById(`pending-${id}`);
    }

    // Show the item's line, or link, as it stands; false if the page has no place for a line.
    draw(item) {
      if (item.was !== undefined) live.press(item.frame, item.state === 'failed' ? item.was : item.frame.on === '1');
      const line = this.line(item.frame.client_id) || this.insert(item);
      if (!line) return false;
      const failed = item.state === 'failed';
      line.classList.toggle('pending', !failed);
      line.classList.toggle('failed', failed);
      line.querySelectorAll('[data-reason]').forEach((element) => {
        element.textContent = item.reason;
        element.hidden = !item.reason;
      });
      line.querySelectorAll('[data-retry], [data-discard]').forEach((element) => (element.hidden = !failed));
      return true;
    }

    insert(item) {
      const template = item.pending && document.getElementById(item.pending);
      const target = template && template.content && document.querySelector(template.dataset.target || 'none');
      if (!target || !template.content.firstElementChild) return null;
      const line = document.importNode(template.content.firstElementChild, true);
      line.id = `pending-${item.frame.client_id}`;
      for (const field of live.within(line, '[data-field]')) {
        field.textContent = item.frame[field.dataset.field] || '';
      }
      target.insertAdjacentElement(template.dataset.place || 'beforeend', line);
      return line;
    }

    // sessionStorage may be full or forbidden: then a reload forgets, and nothing else breaks.
    save() {
      const kept = [...this.items.values()].filter((item) => item.state !== 'done');
      try {
        if (kept.length) sessionStorage.setItem(this.key, JSON.stringify(kept));
        else sessionStorage.removeItem(this.key);
      } catch (error) {
        console.warn('partyline: not kept over a reload', error);
      }
    }

    restore() {
      try {
        const person = document.body.dataset.person;
        for (const key of Object.keys(sessionStorage)) {
          // What somebody else wrote in this tab is not ours to keep.
          if (person && key.startsWith(KEY) && !key.startsWith(`${KEY}${person}:`)) sessionStorage.removeItem(key);
        }
        for (const item of JSON.parse(sessionStorage.getItem(this.key) || '[]')) {
          this.items.set(String(item.frame.client_id), {...item, sent: false, beats: 0});
        }
      } catch (error) {
        console.warn('partyline: nothing kept from before the reload', error);
      }
      this.refresh();
    }
  }

  live.Outbox = Outbox;
})();
