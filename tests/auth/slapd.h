/*
 * A real slapd for tests: certificates, entries, a child of the test that dies with it. It allows what careless directories allow: binds
 * with a name and no password, which succeed and prove nothing.
 */
#ifndef TESTS_AUTH_SLAPD_H
#define TESTS_AUTH_SLAPD_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "tests/auth/support.h"

#define SERVICE_DN       "cn=modgate,dc=corp,dc=example"
#define SERVICE_PASSWORD "service-canary"
#define PEOPLE           "ou=people,dc=corp,dc=example"
#define GROUPS           "ou=groups,dc=corp,dc=example"
#define MANY_GROUPS      (AUTH_GROUPS_MAX + 1)

struct slapd {
	const char *directory; /* scratch, borrowed */
	pid_t pid;
	int port, tls_port;
	char uri[64], tls_uri[64], local_uri[512];
};

/* Runs a program to its end, its output into a file; fails the test when it fails. */
static inline void run_program(const char *output, const char *const argv[])
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);

		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		fail_msg("%s failed; see %s", argv[0], output);
}

static inline void write_text(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	if (file_write(path, slice_of(text), 0600, &err) < 0)
		fail_msg("%s", err.text);
}

/* NAME.pem and NAME.key in the directory; signed by CA.pem, or by itself when ca is NULL. names: "IP:127.0.0.1" and the like. */
static inline void make_certificate(const char *directory, const char *name, const char *ca, const char *names)
{
	char pem[512], key[512], subject[128], extension[256], ca_pem[512], ca_key[512], log[512];
	const char *own[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
		subject, "-keyout", key, "-out", pem, NULL, NULL, NULL, NULL, NULL, NULL, NULL };

	snprintf(pem, sizeof(pem), "%s/%s.pem", directory, name);
	snprintf(key, sizeof(key), "%s/%s.key", directory, name);
	snprintf(log, sizeof(log), "%s/openssl.log", directory);
	snprintf(subject, sizeof(subject), "/CN=%s", name);
	if (ca != NULL) {
		snprintf(ca_pem, sizeof(ca_pem), "%s/%s.pem", directory, ca);
		snprintf(ca_key, sizeof(ca_key), "%s/%s.key", directory, ca);
		snprintf(extension, sizeof(extension), "subjectAltName=%s", names);
		own[16] = "-CA", own[17] = ca_pem, own[18] = "-CAkey", own[19] = ca_key, own[20] = "-addext", own[21] = extension;
	}
	run_program(log, own);
}

/* A port that is free now. */
static inline int free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

/* Listens and never answers; what connects waits in the kernel. */
static inline int listen_silently(int *port_out)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port_out = ntohs(address.sin_port);
	return fd;
}

static inline void add_person(struct buf *ldif, const char *rdn, const char *uid, const char *more)
{
	buf_printf(
		ldif, "dn: %s," PEOPLE "\nobjectClass: inetOrgPerson\ncn: x\nsn: x\nuid: %s\n%suserPassword: %s-password\n\n", rdn, uid, more, uid);
}

static inline void add_group(struct buf *ldif, const char *name, const char *member)
{
	buf_printf(ldif, "dn: cn=%s," GROUPS "\nobjectClass: groupOfNames\ncn: %s\nmember: %s," PEOPLE "\n\n", name, name, member);
}

static inline void add_entries(struct buf *ldif, int trap_port)
{
	char name[32];

	buf_add_text(ldif, "dn: dc=corp,dc=example\nobjectClass: dcObject\nobjectClass: organization\ndc: corp\no: corp\n\n");
	buf_add_text(ldif,
		"dn: " PEOPLE "\nobjectClass: organizationalUnit\nou: people\n\ndn: " GROUPS "\nobjectClass: organizationalUnit\nou: groups\n\n");
	buf_add_text(ldif,
		"dn: " SERVICE_DN "\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: modgate\nuserPassword: " SERVICE_PASSWORD
		"\n\n");
	buf_add_text(ldif, "dn: ou=more," PEOPLE "\nobjectClass: organizationalUnit\nou: more\n\n");
	buf_printf(ldif,
		"dn: ou=elsewhere," PEOPLE "\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: ldap://127.0.0.1:%d/" PEOPLE
		"\n\n",
		trap_port);
	add_person(ldif, "uid=alice", "alice", "");
	add_person(ldif, "uid=bob", "bob", "");
	add_person(ldif, "uid=many", "many", "");
	add_person(ldif, "uid=twin", "twin", "");
	add_person(ldif, "uid=twin,ou=more", "twin", "");
	add_person(ldif, "cn=x", "janus", "uid: ianus\n");
	add_person(ldif, "uid=o(dd)", "o(dd)", "");
	add_person(ldif, "uid=sta*r", "sta*r", "");
	add_person(ldif, "uid=back\\\\slash", "back\\slash", "");
	add_person(ldif, "uid=com\\,ma\\+plus", "com,ma+plus", "");
	buf_add_text(ldif, "dn:: dWlkPXpvw6ssb3U9cGVvcGxlLGRjPWNvcnAsZGM9ZXhhbXBsZQ==\nobjectClass: inetOrgPerson\ncn: x\nsn: x\nuid:: "
			   "em/Dqw==\nuserPassword:: em/Dqy1wYXNzd29yZA==\n\n");
	add_group(ldif, "payments", "uid=alice");
	add_group(ldif, "platform", "uid=bob");
	add_group(ldif, "odd", "uid=o(dd)");
	add_group(ldif, "comma", "uid=com\\,ma\\+plus");
	for (int i = 0; i < MANY_GROUPS; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		add_group(ldif, name, "uid=many");
	}
}

/* slapd reads the configuration each time; certificate: the server's NAME.pem; extra: more lines. */
static inline void slapd_configure(struct slapd *slapd, const char *certificate, const char *extra)
{
	struct buf text = BUF_INIT(8192);
	char path[512];

	buf_add_text(&text,
		"include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\ninclude /etc/ldap/schema/inetorgperson.schema\n");
	buf_add_text(&text, "modulepath /usr/lib/ldap\nmoduleload back_mdb\nallow bind_anon_cred bind_anon_dn\nsizelimit unlimited\n");
	buf_printf(&text, "TLSCertificateFile %s/%s.pem\nTLSCertificateKeyFile %s/%s.key\n%s\n", slapd->directory, certificate, slapd->directory,
		certificate, extra);
	buf_printf(&text, "database mdb\nmaxsize 33554432\ndbnosync\nsuffix \"dc=corp,dc=example\"\ndirectory %s/db\nindex uid,member eq\n",
		slapd->directory);
	buf_add_text(&text, "access to attrs=userPassword by anonymous auth by * none\naccess to * by dn.exact=\"" SERVICE_DN "\" read by * none\n");
	snprintf(path, sizeof(path), "%s/slapd.conf", slapd->directory);
	write_text(path, buf_text(&text));
	buf_free(&text);
}

static inline void slapd_fill(struct slapd *slapd, int trap_port)
{
	struct buf ldif = BUF_INIT(4 * 1024 * 1024);
	char conf[512], file[512], db[512], log[512];
	const char *const argv[] = { "/usr/sbin/slapadd", "-f", conf, "-l", file, NULL };

	snprintf(db, sizeof(db), "%s/db", slapd->directory);
	snprintf(conf, sizeof(conf), "%s/slapd.conf", slapd->directory);
	snprintf(file, sizeof(file), "%s/entries.ldif", slapd->directory);
	snprintf(log, sizeof(log), "%s/slapadd.log", slapd->directory);
	assert_int_equal(mkdir(db, 0700), 0);
	add_entries(&ldif, trap_port);
	assert_false(buf_failed(&ldif));
	write_text(file, buf_text(&ldif));
	run_program(log, argv);
	buf_free(&ldif);
}

static inline bool answers(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	close(fd);
	return connected;
}

/* On the ports it had before, or free ones. The log goes to slapd.log. */
static inline void slapd_start(struct slapd *slapd)
{
	char conf[512], log[512], socket_path[256], urls[1024];

	if (slapd->port == 0) {
		slapd->port = free_port();
		slapd->tls_port = free_port();
	}
	snprintf(conf, sizeof(conf), "%s/slapd.conf", slapd->directory);
	snprintf(log, sizeof(log), "%s/slapd.log", slapd->directory);
	snprintf(socket_path, sizeof(socket_path), "%%2Ftmp%%2F%.64s%%2Fldapi", strrchr(slapd->directory, '/') + 1);
	snprintf(slapd->uri, sizeof(slapd->uri), "ldap://127.0.0.1:%d", slapd->port);
	snprintf(slapd->tls_uri, sizeof(slapd->tls_uri), "ldaps://127.0.0.1:%d", slapd->tls_port);
	snprintf(slapd->local_uri, sizeof(slapd->local_uri), "ldapi://%s", socket_path);
	snprintf(urls, sizeof(urls), "%s/ %s/ %s", slapd->uri, slapd->tls_uri, slapd->local_uri);
	slapd->pid = fork();
	if (slapd->pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, STDERR_FILENO);
		execl("/usr/sbin/slapd", "slapd", "-d", "256", "-h", urls, "-f", conf, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 1000 && !(answers(slapd->port) && answers(slapd->tls_port)); i++)
		usleep(10000);
	assert_true(answers(slapd->tls_port));
}

static inline void slapd_stop(struct slapd *slapd)
{
	if (slapd->pid <= 0)
		return;
	kill(slapd->pid, SIGTERM);
	waitpid(slapd->pid, NULL, 0);
	slapd->pid = 0;
}

/* How often the log says so. */
static inline int slapd_logged(const struct slapd *slapd, const char *needle)
{
	struct buf text = BUF_INIT(64 * 1024 * 1024);
	char path[512];
	int count = 0;

	snprintf(path, sizeof(path), "%s/slapd.log", slapd->directory);
	assert_int_equal(file_read(path, &text, NULL), 0);
	for (const char *at = buf_text(&text); (at = strstr(at, needle)) != NULL; at++)
		count++;
	buf_free(&text);
	return count;
}

#endif
