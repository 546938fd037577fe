// The page's connection: it owns the real WebSockets. It comes back with jitter, moves without a
// gap, notices the dead, and stays away when told to. What streams and messages are, it is told by
// its page: {hello(), frame(frame, link), live(), stopped(code), changed(), beat(), probe(), tick()}.
(function () {
  'use strict';
  const live = window.partyline = window.partyline || {};

  // Milliseconds.
  const FIRST = 1000; // the first try to come back falls at random within it; each next window doubles
  const LONGEST = 15000; // … up to this
  const ANSWER = 10000; // silence, after something that must be answered: the socket is dead
  const PROBE = 3000; // the same, after the browser told us that the network changed
  const QUIET = 100000; // silence after which we ask, because a dead socket is as silent as a quiet room
  const BEAT = [20000, 25000];
  const TRIES = 3; // failures without ever having been live, after which forms POST instead
  const HOPELESS = 6; // … and after which what waits for us is told so

  const STAY_AWAY = {
    4401: 'You are signed out. Sign in again to go on.',
    4403: 'You may not take part here.',
    4429: 'That was too much at once. Wait a moment, then reload the page.',
  };

  const random = (from, to) => from + Math.random() * (to - from);
  live.backoff = (tries) => random(0, Math.min(FIRST * 2 ** tries, LONGEST));

  class Connection {
    constructor(url, page) {
      this.url = url;
      this.page = page;
      this.current = null; // the link that we speak on: live, or on its way
      this.next = null; // while we move: the link that shall follow it
      this.tries = 0; // since a link was live
      this.moves = 0; // failed tries to move
      this.wasLive = false;
      this.stopped = ''; // why we stay away
      this.broken = false; // there are no WebSockets here at all
      this.timers = {};
    }

    get live() {
      return Boolean(this.current && this.current.live);
    }

    // Whether it makes sense to keep what is said for this connection.
    get usable() {
      if (this.stopped || this.broken) return false;
      return this.wasLive || this.tries < TRIES || navigator.onLine === false;
    }

    get hopeless() {
      return this.broken || (!this.wasLive && this.tries >= HOPELESS);
    }

    open() {
      if (!this.current && !this.stopped) this.connect();
    }

    // Close for good, or until the next open(): the page goes to sleep.
    close() {
      Object.keys(this.timers).forEach((name) => this.cancel(name));
      [this.current, this.next].forEach((link) => link && this.discard(link));
      this.current = this.next = null;
    }

    connect() {
      this.cancel('retry');
      this.current = this.dial();
      this.page.changed();
    }

    // A link is one real socket, the streams that it still owes an answer for, and when it was heard.
    dial() {
      let ws;
      try {
        ws = new WebSocket(this.url);
      } catch (error) {
        this.broken = true;
        return null;
      }
      const link = {ws, live: false, greeted: false, owed: new Set(), heard: Date.now(), silence: 0};
      ws.onopen = () => this.greet(link);
      ws.onmessage = (event) => this.hear(link, event.data);
      ws.onclose = (event) => this.lost(link, event.code);
      this.expect(link, ANSWER);
      return link;
    }

    greet(link) {
      const hello = this.page.hello();
      link.owed = new Set(Object.keys(hello.streams));
      link.greeted = true;
      link.ws.send(JSON.stringify(hello));
      this.settle(link);
    }

    hear(link, data) {
      clearTimeout(link.silence);
      link.silence = 0;
      link.heard = Date.now();
      let frames = [];
      try {
        frames = [].concat(JSON.parse(data));
      } catch (error) {
        console.warn('partyline: not JSON', data);
      }
      for (const frame of frames) {
        if (!frame || typeof frame !== 'object') continue;
        if (frame.move) this.move(link, Number(frame.move.within) || 0);
        if (frame.resumed || frame.reset || frame.refused) link.owed.delete(frame.stream);
        try {
          this.page.frame(frame, link);
        } catch (error) {
          console.error(error);
        }
      }
      this.settle(link);
    }

    // A link is live when it has answered for every stream. Then the one before it may go.
    settle(link) {
      if (link.live || (link !== this.current && link !== this.next)) return;
      if (link.owed.size || !link.greeted) return this.expect(link, ANSWER);
      link.live = this.wasLive = true;
      clearTimeout(link.silence);
      link.silence = this.tries = this.moves = 0;
      if (link === this.next) {
        if (this.current) this.discard(this.current);
        this.current = link;
        this.next = null;
        if (link.leaving) this.move(link, link.leaving);
      }
      this.beat();
      this.page.live();
      this.page.changed();
    }

    // Send on the live link: true if that was possible. `answered`: silence would mean that it is dead.
    send(frame, answered = true) {
      if (!this.live || this.current.ws.readyState !== WebSocket.OPEN) return false;
      this.current.ws.send(JSON.stringify(frame));
      if (answered) this.expect(this.current, ANSWER);
      return true;
    }

    // Ask for, or leave, streams, on `link` or on every link that has said hello.
    ask(frame, link) {
      for (const each of link ? [link] : [this.current, this.next]) {
        if (!each || !each.greeted || each.ws.readyState !== WebSocket.OPEN) continue;
        each.ws.send(JSON.stringify(frame));
        if (frame.type === 'leave') {
          frame.streams.forEach((key) => each.owed.delete(key));
          this.settle(each);
        } else {
          if (!each.live) Object.keys(frame.streams).forEach((key) => each.owed.add(key));
          this.expect(each, ANSWER);
        }
      }
    }

    // Anything heard within so many milliseconds will do as an answer.
    expect(link, within) {
      if (link.silence) return;
      link.silence = setTimeout(() => {
        this.discard(link);
        this.lost(link, 1006);
      }, within);
    }

    discard(link) {
      clearTimeout(link.silence);
      link.ws.onopen = link.ws.onmessage = link.ws.onclose = null;
      link.ws.close(1000);
    }

    lost(link, code) {
      clearTimeout(link.silence);
      if (link === this.next) {
        this.next = null; // keep the old one
        if (!STAY_AWAY[code]) this.later('move', live.backoff(this.moves++), () => this.follow());
        return;
      }
      if (link !== this.current) return;
      this.current = this.next;
      this.next = null;
      this.cancel('beat');
      if (STAY_AWAY[code]) this.stop(code);
      else if (!this.current) {
        this.cancel('move');
        this.later('retry', live.backoff(this.tries++), () => this.connect());
      }
      this.page.changed();
    }

    stop(code) {
      this.stopped = STAY_AWAY[code];
      this.close();
      this.page.stopped(code);
    }

    // Make before break: the new socket opens at a random moment, the old one closes when it is live.
    move(link, within) {
      if (link === this.next) link.leaving = within || 0.001; // first it must be live
      if (this.next || this.timers.move) return;
      this.later('move', random(0, within * 1000), () => this.follow());
    }

    follow() {
      if (this.current && !this.next) this.next = this.dial();
    }

    // The network may have changed, or we slept: come back at once, or find out whether we are alive.
    wake() {
      if (this.stopped || this.broken) return;
      if (this.live) return this.probe(PROBE);
      if (!this.current && !this.timers.retry) return; // closed on purpose
      if (this.current) this.discard(this.current);
      this.connect();
    }

    probe(within) {
      const frame = this.page.probe();
      if (!frame || !this.live) return;
      clearTimeout(this.current.silence);
      this.current.silence = 0;
      this.expect(this.current, within);
      this.ask(frame, this.current);
    }

    beat() {
      this.later('beat', random(...BEAT), () => {
        this.send(this.page.beat(), false);
        if (Date.now() - this.current.heard > QUIET) this.probe(ANSWER);
        this.page.tick();
        this.beat();
      });
    }

    later(name, delay, action) {
      this.cancel(name);
      this.timers[name] = setTimeout(() => {
        delete this.timers[name];
        action();
      }, delay);
    }

    cancel(name) {
      clearTimeout(this.timers[name]);
      delete this.timers[name];
    }
  }

  live.Connection = Connection;
})();
