/* Notes every attempt to reach something by the network, in the file that $NETWORK_LOG names, and refuses it.

   Loaded by LD_PRELOAD, below Python and Rust alike. Sockets of this machine's own (AF_UNIX) are none of its business;
   the loopback is noted as "loopback" and let pass. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void note(const char *what, const char *whom) {
    const char *path = getenv("NETWORK_LOG");
    int log = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    char line[400];
    int length = snprintf(line, sizeof line, "%s %s\n", what, whom);
    if (log >= 0) {
        if (write(log, line, length) < 0) abort();
        close(log);
    }
}

static int refused(const struct sockaddr *address, const char *what) {
    char text[INET6_ADDRSTRLEN] = "";
    if (!address) return 0;
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof text);
    else if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof text);
    else
        return 0;
    if (!strncmp(text, "127.", 4) || !strcmp(text, "::1")) {
        note("loopback", text);
        return 0;
    }
    note(what, text);
    errno = ENETUNREACH;
    return 1;
}

int connect(int socket, const struct sockaddr *address, socklen_t length) {
    int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    return refused(address, "connect") ? -1 : real(socket, address, length);
}

ssize_t sendto(int socket, const void *data, size_t size, int flags, const struct sockaddr *address, socklen_t length) {
    ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "sendto");
    return refused(address, "sendto") ? -1 : real(socket, data, size, flags, address, length);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
        dlsym(RTLD_NEXT, "getaddrinfo");
    if (!node || !strcmp(node, "localhost") || !strcmp(node, "127.0.0.1") || !strcmp(node, "::1"))
        return real(node, service, hints, found);
    note("getaddrinfo", node);
    return EAI_FAIL;
}
