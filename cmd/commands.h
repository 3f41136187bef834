/* Every command of this version: its options and its run function, in the file cmd_<its first word>.c. */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

#include "cmd/command.h"

extern const struct option_row init_options[], serve_options[], check_config_options[], show_config_options[], reload_options[];
extern const struct option_row token_issue_options[], token_list_options[], token_revoke_options[];
extern const struct option_row pin_list_options[], pin_show_options[];
extern const struct option_row policy_explain_options[], policy_test_options[];
extern const struct option_row env_options[], audit_export_options[], audit_verify_options[], version_options[], help_options[];

enum exit_code init_run(const struct call *call);
enum exit_code serve_run(const struct call *call);
enum exit_code check_config_run(const struct call *call);
enum exit_code show_config_run(const struct call *call);
enum exit_code reload_run(const struct call *call);
enum exit_code token_issue_run(const struct call *call);
enum exit_code token_list_run(const struct call *call);
enum exit_code token_revoke_run(const struct call *call);
enum exit_code pin_list_run(const struct call *call);
enum exit_code pin_show_run(const struct call *call);
enum exit_code policy_explain_run(const struct call *call);
enum exit_code policy_test_run(const struct call *call);
enum exit_code env_run(const struct call *call);
enum exit_code audit_export_run(const struct call *call);
enum exit_code audit_verify_run(const struct call *call);
enum exit_code version_run(const struct call *call);
enum exit_code help_run(const struct call *call);

#endif
