"""The keys that compose files have (compose-spec.json of compose-go 2.13). Pure data.

A key that is not here may change what the others mean, so we leave such a file
to compose itself.
"""

from __future__ import annotations

_TOP = "version name include services models networks volumes secrets configs"

_SERVICE = """
annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs
container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares
cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules devices dns dns_opt
dns_search domainname entrypoint env_file environment expose extends external_links extra_hosts
gpus group_add healthcheck hostname image init ipc isolation label_file labels links logging
mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks
oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_start pre_stop
privileged profiles provider pull_policy pull_refresh_after read_only restart runtime scale secrets
security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits
use_api_socket user userns_mode uts volumes volumes_from working_dir
"""

_NETWORK = """
attachable driver driver_opts enable_ipv4 enable_ipv6 external internal ipam labels name
"""

TOP_KEYS = frozenset(_TOP.split())
SERVICE_KEYS = frozenset(_SERVICE.split())
NETWORK_KEYS = frozenset(_NETWORK.split())
