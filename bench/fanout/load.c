/* The load: opens WebSockets, counts what comes, and says when something is to be published.
 *
 * load <port> <file of clients> <ready> <ping> <pong> <descriptor of the publisher>
 *
 * A line of the file is one client: room, path, further headers (";;" between them), first frame; tabs between.
 * A client is live once a frame holds the text <ready> (none: once it is open). A frame <ping> is answered by <pong>.
 * Commands come on stdin, each is answered by one line of JSON:
 *
 *   connect <from> <to> <at once> <seconds> <mute>    open clients of the file; mute ones never read again
 *   publish <rooms> <bytes> <lines under way> <per second> <seconds>    0 per second: as fast as they are taken
 *   hold <seconds>                                    answer pings
 *
 * To publish is to write a line to that descriptor, "room text"; the publisher reads it. A text begins with a
 * mark: "~", its number and the time (8 and 16 hex digits), so that a delivery is counted wherever it stands in a
 * frame, and timed by one clock. It ends when the last client has the last one, or nothing came for PATIENCE. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 8 << 20, MOST = 1 << 20, ROOMS = 4096, MARK = 25 };
enum { NEW, CONNECTING, GREETING, OPEN, GONE };
#ifndef PATIENCE
#define PATIENCE 15 /* seconds */
#endif
static const double LOST = 3; /* seconds without anything, after which what is under way is */

struct client { int fd, state, room, live, mute; char *path, *headers, *hello, *carry; size_t carried; };
static struct client *clients;
static int count, port, publisher, epoll, members[ROOMS], live, failed, cut;
static const char *ready, *ping, *pong;
static char *buffer;

static uint32_t published, base, lost, expected[MOST], got[MOST], outstanding;
static double last[MOST], latest;
static uint64_t deliveries, older, frames, reads, bytes;

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}
static double seconds(void) { return nanoseconds() / 1e9; }

static void gone(struct client *c) {
    if (c->state == GONE) return;
    if (c->live) live--, cut++, members[c->room] -= !c->mute;
    else failed++;
    c->live = 0, c->state = GONE;
    free(c->carry), c->carry = NULL, c->carried = 0;
    close(c->fd);
}

static void say(struct client *c, int opcode, const char *text, size_t length) {
    unsigned char frame[65536 + 8];
    if (length > 65535) length = 65535;
    int head = length < 126 ? 2 : 4;
    frame[0] = 0x80 | opcode, frame[1] = 0x80 | (head == 2 ? length : 126);
    if (head == 4) frame[2] = length >> 8, frame[3] = length;
    memset(frame + head, 0, 4); /* masked by zeros: it stays what it is */
    memcpy(frame + head + 4, text, length);
    if (send(c->fd, frame, head + 4 + length, MSG_NOSIGNAL) < 0) gone(c);
}

static void now_live(struct client *c) {
    c->live = 1, live++;
    if (!c->mute) members[c->room]++;
    else epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
}

static uint64_t hex(const char *text, int digits) {
    uint64_t value = 0;
    for (int i = 0; i < digits; i++) value = value << 4 | ((text[i] & 15) + (text[i] >> 6) * 9);
    return value;
}

/* Count the marks in a frame. */
static void scan(const char *text, size_t length, double now) {
    const char *end = text + length;
    while ((text = memchr(text, '~', end - text)) && end - text >= MARK) {
        uint32_t at = (uint32_t)hex(text + 1, 8) - base;
        if (at < published) {
            deliveries++, latest = now;
            last[at] = now - hex(text + 9, 16) / 1e9;
            if (++got[at] == expected[at] && outstanding) outstanding--;
        } else older++;
        text += MARK;
    }
}

static void heard(struct client *c, int opcode, char *text, size_t length, double now) {
    frames++;
    if (opcode == 8) gone(c);
    else if (opcode == 9) say(c, 10, text, length);
    else if (opcode < 3) {
        if (!c->live && *ready && memmem(text, length, ready, strlen(ready))) now_live(c);
        if (*ping && length == strlen(ping) && !memcmp(text, ping, length)) say(c, 1, pong, strlen(pong));
        scan(text, length, now);
    }
}

/* Take the answer to the handshake if it is complete; tell how many bytes it had. */
static size_t greeted(struct client *c, char *data, size_t length) {
    char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(data, "HTTP/1.1 101", 12)) return gone(c), 0;
    c->state = OPEN;
    if (*c->hello) say(c, 1, c->hello, strlen(c->hello));
    if (!*ready && c->state == OPEN) now_live(c);
    return end + 4 - data;
}

static void readable(struct client *c) {
    memcpy(buffer, c->carry, c->carried);
    ssize_t more = recv(c->fd, buffer + c->carried, BUFFER - c->carried, 0);
    if (more <= 0) {
        if (more == 0 || errno != EAGAIN) gone(c);
        return;
    }
    reads++, bytes += more;
    double now = seconds();
    char *data = buffer, *end = buffer + c->carried + more;
    if (c->state == GREETING) data += greeted(c, data, end - data);
    while (c->state == OPEN && end - data >= 2) {
        unsigned char *head = (unsigned char *)data;
        int size = (head[1] & 127) < 126 ? 2 : (head[1] & 127) == 126 ? 4 : 10;
        uint64_t length = size == 2 ? head[1] & 127 : 0;
        if (end - data < size) break;
        for (int i = 2; i < size; i++) length = length << 8 | head[i];
        if ((uint64_t)(end - data - size) < length) break;
        heard(c, head[0] & 15, data + size, length, now);
        data += size + length;
    }
    if (c->state == GONE) return;
    c->carried = end - data;
    c->carry = c->carried ? realloc(c->carry, c->carried) : (free(c->carry), NULL);
    memcpy(c->carry, data, c->carried);
}

static void writable(struct client *c) {
    char request[8192], headers[4096], *at;
    snprintf(headers, sizeof headers, "%s", c->headers);
    while ((at = strstr(headers, ";;"))) memcpy(at, "\r\n", 2);
    int length = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s\r\n",
        c->path, port, headers, *headers ? "\r\n" : "");
    if (send(c->fd, request, length, MSG_NOSIGNAL) != length) return gone(c);
    c->state = GREETING;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void turn(double wait) {
    struct epoll_event events[1024];
    int found = epoll_wait(epoll, events, 1024, wait <= 0 ? 0 : wait > 0.1 ? 100 : (int)(wait * 1000) + 1);
    for (int i = 0; i < found; i++) {
        struct client *c = events[i].data.ptr;
        if (c->state == CONNECTING) writable(c);
        else if (c->state != GONE) readable(c);
    }
}

static void begin(struct client *c, int mute) {
    struct sockaddr_in address = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    c->state = CONNECTING, c->mute = mute;
    if (mute) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) return gone(c);
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void connect_all(int from, int to, int at_once, double limit, int mute) {
    double start = seconds(), now = start;
    int next = from, before = live, ended = failed + cut, refused = failed;
    uint64_t marks = older;
    if (to > count) to = count;
    for (int done = 0; done < to - from && now - start < limit; done = live - before + failed + cut - ended) {
        while (next < to && next - from - done < at_once) begin(&clients[next++], mute);
        turn(0.1);
        now = seconds();
    }
    printf("{\"live\": %d, \"failed\": %d, \"seconds\": %.6f, \"resumed\": %lu}\n", live - before, failed - refused,
           now - start, older - marks);
}

/* Hand one message to the publisher. */
static void publish(int rooms, int size) {
    static char line[1 << 20];
    uint32_t number = base + published, room = number % rooms;
    int head = sprintf(line, "%u ~%08x%016lx", room, number, nanoseconds());
    int length = head + size - MARK;
    memset(line + head, 'x', length - head);
    line[length++] = '\n';
    for (int done = 0, more; done < length; done += more)
        if ((more = write(publisher, line + done, length - done)) < 0) perror("load: the publisher"), exit(1);
    expected[published] = members[room], got[published] = 0;
    outstanding += members[room] > 0;
    published++;
}

static void publish_all(int rooms, int size, uint32_t window, double rate, double length) {
    base += published, published = outstanding = lost = 0;
    deliveries = older = frames = reads = bytes = 0;
    int were_cut = cut;
    double start = seconds(), now = latest = start, next = start;
    while (published < MOST) {
        if (now - start >= length) {
            if (!outstanding || now - latest > PATIENCE) break;
        } else if (rate) {
            for (; next <= now && published < MOST; next += 1 / rate) publish(rooms, size);
        } else {
            if (outstanding && now - latest > LOST) outstanding = 0, latest = now;
            while (outstanding < window && published < MOST) {
                publish(rooms, size);
                if (!live) break;
            }
        }
        turn(rate && now - start < length ? next - now : 0.1);
        now = seconds();
    }
    uint64_t wanted = 0;
    for (uint32_t i = 0; i < published; i++) wanted += expected[i];
    printf("{\"messages\": %u, \"expected\": %lu, \"deliveries\": %lu, \"seconds\": %.6f, \"frames\": %lu, \"reads\": %lu, "
           "\"bytes\": %lu, \"cut\": %d, \"first\": %u, \"last\": [",
           published, wanted, deliveries, latest - start, frames, reads, bytes, cut - were_cut, base);
    for (uint32_t i = 0; i < published; i++)
        printf("%s%.6f", i ? ", " : "", got[i] >= expected[i] ? last[i] : -1.0);
    printf("]}\n");
}

static void hold(double length) {
    double end = seconds() + length;
    while (seconds() < end) turn(end - seconds());
    printf("{\"live\": %d}\n", live);
}

static void read_clients(const char *name) {
    static char line[16384];
    FILE *file = fopen(name, "r");
    if (!file) perror("load"), exit(1);
    while (fgets(line, sizeof line, file)) {
        char *rest = strdup(line);
        rest[strcspn(rest, "\n")] = 0;
        clients = realloc(clients, (count + 1) * sizeof *clients);
        struct client *c = memset(&clients[count++], 0, sizeof *c);
        c->room = atoi(strsep(&rest, "\t")), c->path = strsep(&rest, "\t");
        c->headers = strsep(&rest, "\t"), c->hello = strsep(&rest, "\t");
        if (!c->hello || c->room >= ROOMS) fprintf(stderr, "load: line %d\n", count), exit(1);
    }
    fclose(file);
}

int main(int argc, char **argv) {
    if (argc != 7) return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    setvbuf(stdout, NULL, _IOLBF, 0);
    port = atoi(argv[1]), publisher = atoi(argv[6]), ready = argv[3], ping = argv[4], pong = argv[5];
    buffer = malloc(BUFFER), epoll = epoll_create1(0);
    read_clients(argv[2]);
    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        int a, b, c, d;
        double x, y;
        if (sscanf(line, "connect %d %d %d %lf %d", &a, &b, &c, &x, &d) == 5) connect_all(a, b, c, x, d);
        else if (sscanf(line, "publish %d %d %d %lf %lf", &a, &b, &c, &x, &y) == 5) publish_all(a, b, c, x, y);
        else if (sscanf(line, "hold %lf", &x) == 1) hold(x);
        else return 2;
        fflush(stdout);
    }
    return 0;
}
