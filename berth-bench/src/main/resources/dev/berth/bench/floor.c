// The floor of the TUN rows: the least that TCP over a TUN device can cost. One connection at a time, no congestion
// control, no options but MSS and window scale, retransmission of everything after 200 ms without progress; virtio-net
// headers for segments of 64 KiB and partial checksums, as Berth uses them. It says what the device and the kernel's
// end cost by themselves, and is no TCP for anything else.
//
//     floor DEVICE OWN-ADDRESS KERNEL-ADDRESS
//
// It prints "ready" when the device is there, and answers each line of standard input with a line:
//
//     RECEIVE NANOS PORT       a stream from the kernel's port; Gbit/s
//     SEND NANOS PORT          a stream to it; Gbit/s
//     ROUND_TRIP NANOS PORT    one octet there and back; microseconds in the median batch
//     ACCEPTED                 connections to its port 80 that were opened and reset since the last time
//
// The head of a stream is that of dev.berth.bench.PeerTask. Between commands it accepts connections.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { VNET = sizeof(struct virtio_net_hdr), HEADERS = 40, MSS = 1460, BLOCK = 65536, SCALE = 10, SERVER_PORT = 80 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
enum { BATCH = 32, FEWEST_BATCHES = 11, MOST_BATCHES = 1 << 16 };
enum { TASK_RECEIVE, TASK_SEND, TASK_ROUND_TRIP };

static const uint32_t WINDOW = 4096u << SCALE;
static const uint32_t LARGEST = 44 * MSS; // octets of payload in a packet

static int device;
static uint32_t own, peer;
static uint8_t in[VNET + 65536 + 64], out[VNET + 65536 + 64], application[BLOCK], pattern[2 * BLOCK];

// The connection.
static uint16_t own_port, peer_port;
static uint32_t una, nxt, rcv, window, iss;
static int scale;

// The segment that was read last.
static uint32_t seg_seq, seg_ack, seg_length;
static uint16_t seg_from, seg_to;
static uint8_t seg_flags, *seg_data;

static void fail(const char *what) {
    printf("error %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint32_t sum16(const uint8_t *at, int octets) {
    uint32_t sum = 0;
    for (int i = 0; i < octets; i += 2) {
        sum += at[i] << 8 | at[i + 1];
    }
    return sum;
}

static uint16_t folded(uint32_t sum) {
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ((sum & 0xffff) + (sum >> 16));
}

// Sends a segment whose payload is at out + VNET + HEADERS, or behind the options of a SYN.
static void transmit(uint8_t flags, uint32_t seq, uint32_t payload) {
    uint32_t options = flags & SYN ? 8 : 0;
    uint32_t tcp_length = 20 + options + payload, total = 20 + tcp_length;
    struct virtio_net_hdr *vnet = (struct virtio_net_hdr *) out;
    memset(vnet, 0, VNET);
    vnet->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    vnet->csum_start = 20;
    vnet->csum_offset = 16;
    if (payload > MSS) {
        vnet->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
        vnet->hdr_len = HEADERS;
        vnet->gso_size = MSS;
    }
    struct iphdr *ip = (struct iphdr *) (out + VNET);
    memset(ip, 0, 20);
    ip->version = 4;
    ip->ihl = 5;
    ip->tot_len = htons(total);
    ip->frag_off = htons(IP_DF);
    ip->ttl = 64;
    ip->protocol = IPPROTO_TCP;
    ip->saddr = own;
    ip->daddr = peer;
    ip->check = htons((uint16_t) ~folded(sum16((uint8_t *) ip, 20)));
    struct tcphdr *tcp = (struct tcphdr *) (out + VNET + 20);
    memset(tcp, 0, 20);
    tcp->th_sport = htons(own_port);
    tcp->th_dport = htons(peer_port);
    tcp->th_seq = htonl(seq);
    tcp->th_ack = flags & ACK ? htonl(rcv) : 0;
    tcp->th_off = (20 + options) / 4;
    tcp->th_flags = flags;
    tcp->th_win = htons(flags & SYN ? 65535 : WINDOW >> SCALE);
    tcp->th_sum = htons(folded(sum16((uint8_t *) &ip->saddr, 8) + IPPROTO_TCP + tcp_length));
    if (options) {
        memcpy(out + VNET + HEADERS, (uint8_t[]) {2, 4, MSS >> 8, MSS & 255, 1, 3, 3, SCALE}, 8);
    }
    if (write(device, out, VNET + total) != (ssize_t) (VNET + total)) {
        fail("write");
    }
}

// Reads a segment; 0 if there is none. Other packets are left out.
static int receive(void) {
    for (;;) {
        ssize_t n = read(device, in, sizeof in);
        if (n < 0) {
            if (errno == EAGAIN) {
                return 0;
            }
            fail("read");
        }
        struct iphdr *ip = (struct iphdr *) (in + VNET);
        if (n < VNET + HEADERS || ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_TCP || ip->daddr != own) {
            continue;
        }
        struct tcphdr *tcp = (struct tcphdr *) (in + VNET + 20);
        seg_seq = ntohl(tcp->th_seq);
        seg_ack = ntohl(tcp->th_ack);
        seg_from = ntohs(tcp->th_sport);
        seg_to = ntohs(tcp->th_dport);
        seg_flags = tcp->th_flags;
        seg_data = (uint8_t *) tcp + tcp->th_off * 4;
        seg_length = ntohs(ip->tot_len) - 20 - tcp->th_off * 4;
        if (seg_from == peer_port && seg_to == own_port && !(seg_flags & RST) && seg_flags & ACK) {
            window = (uint32_t) ntohs(tcp->th_win) << (seg_flags & SYN ? 0 : scale);
            if ((int32_t) (seg_ack - una) > 0) {
                una = seg_ack;
            }
            if (seg_flags & SYN) {
                uint8_t *at = (uint8_t *) tcp + 20;
                scale = 0;
                while (at < seg_data && *at != 0) {
                    if (*at == 3) {
                        scale = at[2];
                    }
                    at += *at == 1 ? 1 : at[1] > 1 ? at[1] : 64;
                }
            }
        }
        return 1;
    }
}

// Waits for a segment of the connection; 0 after 200 ms without one.
static int await(void) {
    for (;;) {
        if (receive()) {
            if (seg_from != peer_port || seg_to != own_port) {
                continue;
            }
            if (seg_flags & RST) {
                errno = ECONNRESET;
                fail("connection");
            }
            return 1;
        }
        struct pollfd wait = {.fd = device, .events = POLLIN};
        int ready = poll(&wait, 1, 200);
        if (ready < 0) {
            fail("poll");
        }
        if (ready == 0) {
            return 0;
        }
    }
}

static void give_up_after(int *times) {
    if (++*times > 50) {
        errno = ETIMEDOUT;
        fail("connection");
    }
}

static void open_connection(uint16_t port) {
    static uint16_t next = 20000;
    own_port = next++;
    peer_port = port;
    iss = (uint32_t) now();
    una = iss;
    nxt = iss + 1;
    for (int times = 0;;) {
        transmit(SYN, iss, 0);
        while (await()) {
            if ((seg_flags & (SYN | ACK)) == (SYN | ACK) && seg_ack == nxt) {
                rcv = seg_seq + 1;
                transmit(ACK, nxt, 0);
                return;
            }
        }
        give_up_after(&times);
    }
}

static int in_order(void) {
    return seg_seq == rcv;
}

// Sends octets that fit in the peer's window.
static void send_small(const void *data, uint32_t octets) {
    memcpy(out + VNET + HEADERS, data, octets);
    transmit(ACK | PSH, nxt, octets);
    nxt += octets;
}

// Ends our stream and waits for the end of the peer's and for its last acknowledgment.
static void close_connection(int at_end) {
    transmit(ACK | FIN, nxt, 0);
    nxt++;
    for (int times = 0; !at_end || una != nxt;) {
        if (!await()) {
            transmit(ACK | FIN, nxt - 1, 0);
            give_up_after(&times);
        } else if (in_order() && seg_flags & FIN) {
            rcv += seg_length + 1;
            at_end = 1;
            transmit(ACK, nxt, 0);
        }
    }
}

static void head(uint64_t task, uint64_t nanos) {
    uint64_t words[2] = {task, nanos};
    send_small(words, 16);
}

static void check_part(const uint8_t *data, uint64_t from, uint32_t octets) {
    uint32_t at = from & (BLOCK - 1);
    if (octets && (data[0] != pattern[at] || data[octets - 1] != pattern[(at + octets - 1) & (BLOCK - 1)])) {
        errno = EBADMSG;
        fail("octets");
    }
}

static void task_receive(uint64_t nanos) {
    uint64_t received = 0, start = now();
    head(TASK_RECEIVE, nanos);
    for (int times = 0;;) {
        if (!await()) {
            give_up_after(&times);
            continue;
        }
        if (!in_order()) {
            transmit(ACK, nxt, 0);
            continue;
        }
        uint32_t octets = seg_length;
        if (octets) {
            memcpy(application, seg_data, octets);
            check_part(application, received, octets);
            received += octets;
            rcv += octets;
        }
        if (seg_flags & FIN) {
            rcv++;
        }
        if (octets || seg_flags & FIN) {
            transmit(ACK, nxt, 0);
        }
        if (seg_flags & FIN) {
            break;
        }
    }
    uint64_t elapsed = now() - start;
    close_connection(1);
    printf("%.6f\n", received * 8.0 / elapsed);
}

static void task_send(uint64_t nanos) {
    uint64_t start = now(), end = start + nanos, sent = UINT64_MAX, at = 0, reply = 0, got = 0;
    head(TASK_SEND, nanos);
    uint32_t base = nxt; // of the stream
    uint64_t base_at = 0;
    int ended = 0, at_end = 0, times = 0;
    while (got < 8) {
        uint32_t flight = nxt - una, room = window > flight ? (window - flight) / MSS * MSS : 0;
        // not less than half of what the peer can take, so that its window does not fall into small pieces
        if (!ended && (room >= LARGEST || (room > 0 && room >= window / 2)) && flight < WINDOW) {
            if (sent == UINT64_MAX && now() >= end) {
                // whole blocks, as the other programs send
                sent = (at + BLOCK - 1) / BLOCK * BLOCK;
            }
            uint32_t most = room < LARGEST ? room : LARGEST;
            uint32_t octets = sent - at < most ? (uint32_t) (sent - at) : most;
            if (octets == 0) {
                transmit(ACK | FIN, nxt++, 0);
                ended = 1;
                continue;
            }
            memcpy(out + VNET + HEADERS, pattern + (at & (BLOCK - 1)), octets);
            transmit(ACK | PSH, nxt, octets);
            nxt += octets;
            at += octets;
            if (nxt - una < window / 2) {
                continue;
            }
            if (!receive()) {
                continue;
            }
        } else if (!await()) { // everything again from what was acknowledged last
            give_up_after(&times);
            if (una == nxt) {
                continue; // the peer takes its time
            }
            if ((int32_t) (una - base) >= 0) {
                at = base_at + (una - base);
                nxt = una;
                ended = 0;
            } else {
                nxt = base - 16;
                head(TASK_SEND, nanos);
                at = 0;
            }
            continue;
        }
        if (seg_from != peer_port || seg_to != own_port) {
            continue;
        }
        if (una - base < 0x80000000u) { // keeps the difference small
            base_at += una - base;
            base = una;
        }
        if (in_order() && seg_length) {
            for (uint32_t i = 0; i < seg_length && got < 8; i++) {
                reply |= (uint64_t) seg_data[i] << 8 * got++;
            }
            rcv += seg_length;
        }
        if (seg_seq + seg_length == rcv && seg_flags & FIN) {
            rcv++;
            at_end = 1;
            transmit(ACK, nxt, 0);
        }
    }
    uint64_t elapsed = now() - start;
    if (reply != sent) {
        errno = EBADMSG;
        fail("count");
    }
    transmit(ACK, nxt, 0);
    for (times = 0; !at_end;) {
        if (!await()) {
            give_up_after(&times);
        } else if (in_order() && seg_flags & FIN) {
            rcv++;
            at_end = 1;
            transmit(ACK, nxt, 0);
        }
    }
    printf("%.6f\n", reply * 8.0 / elapsed);
}

static int by_size(const void *one, const void *other) {
    uint64_t a = *(const uint64_t *) one, b = *(const uint64_t *) other;
    return a < b ? -1 : a > b;
}

static void task_round_trip(uint64_t nanos) {
    static uint64_t times_of_batches[MOST_BATCHES];
    uint64_t start = now(), at = start, batches = 0;
    head(TASK_ROUND_TRIP, nanos);
    for (uint64_t count = 0; at - start < nanos || batches < FEWEST_BATCHES;) {
        uint8_t sent = (uint8_t) count++;
        send_small(&sent, 1);
        for (int times = 0;;) {
            if (!await()) {
                transmit(ACK | PSH, nxt - 1, 1);
                give_up_after(&times);
            } else if (in_order() && seg_length == 1) {
                break;
            }
        }
        if (*seg_data != (uint8_t) (sent + 1)) {
            errno = EBADMSG;
            fail("reply");
        }
        rcv++;
        if (count % BATCH == 0) {
            uint64_t end = now();
            times_of_batches[batches++ % MOST_BATCHES] = end - at;
            at = end;
        }
    }
    close_connection(0);
    uint64_t size = batches < MOST_BATCHES ? batches : MOST_BATCHES;
    qsort(times_of_batches, size, sizeof *times_of_batches, by_size);
    printf("%.6f\n", times_of_batches[size / 2] / 1e3 / BATCH);
}

static unsigned opened, established, resets;

// A segment while nothing is asked for: connections to our port are accepted, and their end is noted.
static void serve(void) {
    if (seg_to != SERVER_PORT) {
        return;
    }
    if (seg_flags & RST) {
        resets++;
        return;
    }
    own_port = seg_to;
    peer_port = seg_from;
    if (seg_flags & SYN) {
        opened++;
        iss = (uint32_t) now();
        rcv = seg_seq + 1;
        transmit(SYN | ACK, iss, 0);
    } else if (seg_ack == iss + 1) {
        established++;
    }
}

static void command(char *line) {
    char name[32];
    unsigned long long nanos = 0;
    int port = 0;
    if (sscanf(line, "%31s %llu %d", name, &nanos, &port) < 1) {
        return;
    }
    if (strcmp(name, "ACCEPTED") == 0) {
        if (opened != established || opened != resets) {
            printf("error %u opened, %u established, %u reset\n", opened, established, resets);
        } else {
            printf("%u\n", opened);
        }
        opened = established = resets = 0;
        return;
    }
    open_connection((uint16_t) port);
    if (strcmp(name, "RECEIVE") == 0) {
        task_receive(nanos);
    } else if (strcmp(name, "SEND") == 0) {
        task_send(nanos);
    } else if (strcmp(name, "ROUND_TRIP") == 0) {
        task_round_trip(nanos);
    } else {
        printf("error unknown: %s\n", name);
    }
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 4 || inet_pton(AF_INET, argv[2], &own) != 1 || inet_pton(AF_INET, argv[3], &peer) != 1) {
        fputs("floor DEVICE OWN-ADDRESS KERNEL-ADDRESS\n", stderr);
        return 2;
    }
    for (int i = 0; i < 2 * BLOCK; i++) {
        int at = i & (BLOCK - 1);
        pattern[i] = (uint8_t) (at * 31 + (at >> 8));
    }
    device = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
    snprintf(request.ifr_name, IFNAMSIZ, "%s", argv[1]);
    if (device < 0 || ioctl(device, TUNSETIFF, &request) < 0
            || ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) < 0) {
        fail("device");
    }
    puts("ready");
    char line[128];
    for (;;) {
        struct pollfd wait[2] = {{.fd = device, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
        if (poll(wait, 2, -1) < 0) {
            fail("poll");
        }
        while (receive()) {
            serve();
        }
        if (wait[1].revents) {
            // one command at a time is outstanding, so that no line is left in a buffer
            if (!fgets(line, sizeof line, stdin)) {
                return 0;
            }
            command(line);
        }
    }
}
