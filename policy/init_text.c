/* The policy that a new gateway starts with: conf/policy.yaml says more about each key. */
#include "policy/policy.h"

static const char text[] =
	"# Who may have which module. Rules are tried in order, the first whose conditions all hold decides; after the last: deny.\n"
	"# After a change: modgate policy explain --user U MODULE[@VERSION], then modgate reload.\n"
	"\n"
	"# Modules that are served from the company's repositories or not at all, and whose names never leave. What lies below a prefix of\n"
	"# repositories in modgate.yaml is private without being named here. Patterns are those of GOPRIVATE.\n"
	"private: []\n"
	"\n"
	"# Public modules that the checksum database is not asked about. Patterns are those of GONOSUMDB.\n"
	"nosumdb: []\n"
	"\n"
	"rules:\n"
	"  # A team's own modules, for the groups that may read them:\n"
	"  # - { name: payments, modules: [\"git.corp.example/payments\"], groups: [payments], verdict: allow, help: \"ask #payments\" }\n"
	"  # A bad release (its go.mod stays readable, since builds that will not use it still read that), and its commits under other names:\n"
	"  # - { name: bad-lib, modules: [\"github.com/corp/lib\"], versions: [\">=1.2.0 <1.2.5\", prerelease], verdict: deny, "
	"reason: \"use 1.2.5\", help: \"ask #security\" }\n"
	"\n"
	"  # Whoever has signed in may read public modules; nobody may read anything else.\n"
	"  - { name: public, modules: [\"*\"], private: false, verdict: allow }\n";

const char *policy_init_text(void)
{
	return text;
}
