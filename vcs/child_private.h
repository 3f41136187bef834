/* Git's children: what they are given, how they end, and what they say. For the files that run one or read what it said. */
#ifndef VCS_CHILD_PRIVATE_H
#define VCS_CHILD_PRIVATE_H

#include "vcs/disk_private.h"

#define VCS_CHILD_FDS 7 /* descriptors below are a child's own: none that is handed to it may be among them */

/* What a child that speaks ssh is given; closed by vcs_ssh_close(). */
struct child_ssh {
	int key_fd, hosts_fd; /* become its descriptors 5 and 6 */
};
#define CHILD_SSH_INIT ((struct child_ssh){ .key_fd = -1, .hosts_fd = -1 })

/* A child: an argument vector, a fixed environment, limits, a deadline. */
struct child {
	const char *const *argv;     /* argv[0] is the program's absolute path */
	const char *home;            /* HOME and working directory */
	const char *git_dir;         /* GIT_DIR */
	const char *objects;         /* GIT_OBJECT_DIRECTORY, or NULL */
	int config_fd;               /* becomes descriptor 3, the only configuration that git reads */
	int output_fd;               /* standard output; -1: captured in output */
	struct buf *output;          /* more than its maximum ends the child */
	struct buf *messages;        /* standard error, cut at its maximum */
	const char *protocol;        /* the only one that git may speak: "https", "ssh"; NULL: none */
	const struct child_ssh *ssh; /* or NULL; with trace */
	struct buf *trace;           /* the packets of git's protocol as it traces them; of ssh what it says itself. Cut at its maximum; or NULL */
	int64_t timeout_ms;
	int64_t memory_max;
	int64_t bytes_max;
	const atomic_bool *aborted;
	const struct vcs *grows; /* NULL, or it fills this one's disk, and is ended when that becomes short of room */
};

/* Runs it to its end and answers its wait status. VCS_ERR_UNKNOWN: it could not start, was too slow, said too much, or all is aborted. */
int vcs_child_run(const struct child *child, int *status_out, struct err *err);

/* disk.c: is it, by what git says itself and not the host, that the disk is full? */
bool vcs_disk_failed(const struct buf *messages);

/* Does git complain that this machine is short of something? That says nothing about the repository. */
bool vcs_child_starved(const struct buf *messages);

/* A file in memory that a child may inherit. VCS_ERR_UNKNOWN. */
int vcs_child_file(const char *name, struct slice bytes, int *fd_out, struct err *err);

/*
 * Git's configuration for one URL as such a file: protocol, checks, CA, credential ("user:token", or empty). url NULL: no protocol at all.
 * VCS_ERR_UNKNOWN.
 */
int vcs_child_config(const char *url, const char *ca, struct slice credential, int *fd_out, struct err *err);

/* --- ssh.c: git over ssh ---------------------------------------------------------------------------------------------------------- */

/* What git runs as ssh: a line for a shell, without anything that came from outside. */
extern const char vcs_ssh_command[];
/* key: the private key. Reads known_hosts_file. VCS_ERR_UNKNOWN. */
int vcs_ssh_open(const struct mapping *mapping, const char *url, struct slice key, struct child_ssh *ssh_out, struct err *err);
void vcs_ssh_close(struct child_ssh *ssh);
/* Did ssh stop because of who the host is, or who we are? Then err is the sentence. log: what ssh said itself, nothing of the host's. */
bool vcs_ssh_refused(const char *url, struct slice log, struct err *err);
/* Does the host, in any of the usual words, say that there is no such repository? */
bool vcs_ssh_missing(struct slice messages);
/* ssh's first line, or nothing. */
struct slice vcs_ssh_reason(struct slice log);

#endif
