/* The limit: what fanning out costs a program that does nothing else. One core, epoll, one line from a publisher
 * (room, space, text) becomes one frame for every socket that was opened on /<room>.
 *
 * limit <port of sockets> <port of the publisher> <lines in one send()>
 *
 * 1: one send() per message and socket. More: so many go out in one send(), or fewer after a millisecond without any.
 * 0: what one read of the publisher brings. Nothing is kept: a socket that does not take all at once is cut. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ROOMS = 1024, FILES = 65536, LINES = 1 << 20 };
static struct { int *fds, count, lines; char *out; size_t used, size; } rooms[ROOMS];
static int room_of[FILES], place_of[FILES], epoll, publisher = -1, together, pending;
static char lines[LINES];
static size_t have;

static uint32_t rol(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* SHA-1 of a text below 120 bytes (RFC 3174), for the handshake. */
static void sha1(const char *text, unsigned char *digest) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}, w[80];
    unsigned char block[128] = {0};
    size_t length = strlen(text), total = length < 56 ? 64 : 128;
    memcpy(block, text, length);
    block[length] = 0x80;
    block[total - 2] = length * 8 >> 8, block[total - 1] = length * 8;
    for (size_t at = 0; at < total; at += 64) {
        for (int i = 0; i < 16; i++) {
            uint32_t word;
            memcpy(&word, block + at + i * 4, 4);
            w[i] = ntohl(word);
        }
        for (int i = 16; i < 80; i++) w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
            uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
            uint32_t next = rol(a, 5) + f + e + k + w[i];
            e = d, d = c, c = rol(b, 30), b = a, a = next;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = h[i / 4] >> (24 - i % 4 * 8);
}

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void drop(int fd) {
    int room = room_of[fd];
    if (room >= 0) {
        int last = rooms[room].fds[--rooms[room].count];
        rooms[room].fds[place_of[fd]] = last;
        place_of[last] = place_of[fd];
    }
    if (fd == publisher) publisher = -1, have = 0;
    room_of[fd] = -1;
    close(fd);
}

/* Answer the handshake, which is taken to come in one piece, and let the socket in. */
static void greet(int fd, char *request) {
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *found = strcasestr(request, "sec-websocket-key:"), key[100], answer[300], accept[29];
    unsigned char digest[21] = {0};
    int room = 0;
    if (!found || sscanf(found + 18, " %50[^\r\n ]", key) != 1 || sscanf(request, "GET /%d", &room) != 1) return drop(fd);
    if (room < 0 || room >= ROOMS) return drop(fd);
    sha1(strcat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"), digest);
    for (int i = 0; i < 7; i++) {
        uint32_t three = digest[i * 3] << 16 | digest[i * 3 + 1] << 8 | (i < 6 ? digest[i * 3 + 2] : 0);
        for (int j = 0; j < 4; j++) accept[i * 4 + j] = set[three >> (18 - j * 6) & 63];
    }
    accept[27] = '=', accept[28] = 0;
    int length = sprintf(answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    if (send(fd, answer, length, MSG_NOSIGNAL) != length) return drop(fd);
    if (rooms[room].count % 1024 == 0)
        rooms[room].fds = realloc(rooms[room].fds, (rooms[room].count + 1024) * sizeof(int));
    place_of[fd] = rooms[room].count, room_of[fd] = room;
    rooms[room].fds[rooms[room].count++] = fd;
}

/* Write what a room is owed to all of its sockets. */
static void flush(int room) {
    for (int i = rooms[room].count - 1; i >= 0; i--)  /* backwards: drop() moves the last one */
        if (send(rooms[room].fds[i], rooms[room].out, rooms[room].used, MSG_NOSIGNAL) != (ssize_t)rooms[room].used)
            drop(rooms[room].fds[i]);
    pending -= rooms[room].lines;
    rooms[room].used = rooms[room].lines = 0;
}

static void flush_all(void) {
    for (int room = 0; room < ROOMS; room++)
        if (rooms[room].used) flush(room);
}

static void append(int room, const char *text, size_t length) {
    if (rooms[room].size < rooms[room].used + length + 10)
        rooms[room].out = realloc(rooms[room].out, rooms[room].size = (rooms[room].used + length + 10) * 2);
    unsigned char *out = (unsigned char *)rooms[room].out + rooms[room].used;
    int head = length < 126 ? 2 : length < 65536 ? 4 : 10;
    out[0] = 0x81, out[1] = head == 2 ? length : head == 4 ? 126 : 127;
    for (int i = 2; i < head; i++) out[i] = (uint64_t)length >> (head - 1 - i) * 8;
    memcpy(out + head, text, length);
    rooms[room].used += head + length;
}

/* Take the publisher's whole lines. */
static void publish(void) {
    char *line = lines, *end;
    while ((end = memchr(line, '\n', lines + have - line))) {
        char *text = memchr(line, ' ', end - line);
        int room = atoi(line);
        if (text && room >= 0 && room < ROOMS) {
            append(room, text + 1, end - text - 1);
            pending++;
            if (++rooms[room].lines == together) flush(room);
        }
        line = end + 1;
    }
    if (!together) flush_all();
    memmove(lines, line, have -= line - lines);
}

static int listen_on(int port) {
    struct sockaddr_in address = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096)) perror("limit"), exit(1);
    watch(fd);
    return fd;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < FILES ? files.rlim_max : FILES;
    setrlimit(RLIMIT_NOFILE, &files);
    memset(room_of, -1, sizeof room_of);
    epoll = epoll_create1(0), together = atoi(argv[3]);
    int sockets = listen_on(atoi(argv[1])), publishers = listen_on(atoi(argv[2]));
    struct epoll_event events[512];
    for (;;) {
        int count = epoll_wait(epoll, events, 512, together && pending ? 1 : -1);
        if (!count) flush_all();
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd, fresh;
            if (fd == sockets || fd == publishers) {
                while ((fresh = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(fresh, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
                    room_of[fresh] = -1;
                    if (fd == publishers) publisher = fresh;
                    watch(fresh);
                }
                continue;
            }
            char heard[4097];
            ssize_t got = fd == publisher ? recv(fd, lines + have, LINES - have, 0) : recv(fd, heard, 4096, 0);
            if (got <= 0) drop(fd);
            else if (fd == publisher) have += got, publish();
            else if (room_of[fd] < 0) heard[got] = 0, greet(fd, heard);  /* later frames, pongs, say nothing to us */
        }
    }
}
