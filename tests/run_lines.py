"""Lines of `docker run` for tests: every option that a real engine takes, by what it is about.

`{prefix}` is a name of the test's own, `{net}` a network with the subnet 10.213.{octet}.0/24, `{other}` a container.
"""

LINES = {
    "bare": "busybox",
    "command": """-e 'A=b c' -e B= -e C=a=b busybox sh -c 'echo "$HOME" '"'x y'" """,
    "ports": "-p 127.0.0.1:18080-18081:80-81/tcp -p 18053:53/udp -p 90 -p 18100-18110:100 -p '[::1]::70' "
    "-p published=18090,target=91 --expose 7000-7002 --expose 53/udp busybox",
    "volumes": "-v /tmp:/host:ro -v /anonymous -v /var/tmp:/other:rw,z -v {prefix}-data:/data:nocopy busybox",
    "mounts": "--mount type=bind,source=/tmp,target=/t,readonly,bind-propagation=rslave "
    "--mount 'type=volume,src={prefix}-v,dst=/v,volume-label=a=b,volume-nocopy' "
    "--mount type=tmpfs,target=/run,tmpfs-size=64m,tmpfs-mode=1770 --mount type=volume,target=/anon "
    "--tmpfs /scratch:size=1m,noexec --tmpfs /plain busybox",
    "restart": "--restart on-failure:5 busybox",
    "always": "--restart unless-stopped --network host busybox",
    "rm": "--rm -it --network none --hostname hal --domainname lan busybox",
    "stdin": "-i busybox cat",
    "attach": "-a stdout -a STDIN busybox",
    "init": "--init=false busybox",
    "limits": "-m 64m --memory-reservation 32m --memory-swap 128m --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 "
    "--cpuset-mems 0 --pids-limit 99 --oom-score-adj 100 --memory-swappiness 10 --shm-size 1g "
    "--ulimit nofile=1024:2048 --ulimit core=0 busybox",
    "cpu": "--cpu-period 50000 --cpu-quota 25000 busybox",
    "swap": "-m 64m --memory-swap -1 --pids-limit -1 busybox",
    "blkio": "--blkio-weight 300 --blkio-weight-device /dev/null:200 --device-read-bps /dev/null:1mb "
    "--device-write-bps /dev/null:2mb --device-read-iops /dev/null:100 --device-write-iops /dev/null:200 busybox",
    "who": "-u 1000:1000 -w /tmp --entrypoint env --group-add audio --group-add 44 -l a=b -l c -l d= --privileged "
    "--read-only --init -P busybox -i",
    "no entrypoint": "--entrypoint= busybox ls",
    "stop": "--stop-signal SIGINT --stop-timeout 3 busybox",
    "devices": "--device /dev/null --device /dev/zero:/dev/nought:r --device /dev/full:rw "
    "--device-cgroup-rule 'c 1:* rwm' busybox",
    "gpus": "--gpus all busybox",
    "one gpu": """--gpus '"device=0,2","capabilities=compute,utility"' busybox""",
    "health": "--health-cmd 'wget -q localhost || exit 1' --health-interval 1m30s --health-timeout 5s "
    "--health-retries 3 --health-start-period 500ms busybox",
    "no health": "--no-healthcheck busybox",
    "security": "--cap-add net_admin --cap-add CAP_SYS_TIME --cap-drop mknod --security-opt no-new-privileges "
    "--security-opt seccomp=unconfined --security-opt systempaths=unconfined --userns host busybox",
    "all capabilities": "--cap-drop ALL --cap-add CHOWN busybox",
    "namespaces": "--ipc host --pid host --uts host --cgroupns private --sysctl net.ipv4.ip_forward=1 busybox",
    "dns": "--dns 1.1.1.1 --dns ::1 --dns-search example.com --dns-opt ndots:2 --add-host db:10.0.0.2 "
    "--add-host gw=host-gateway --add-host 'six:[::1]' busybox",
    "logging": "--log-driver json-file --log-opt max-size=10m --log-opt max-file=3 busybox",
    "runtime": "--runtime runc --cgroup-parent /hythe busybox",
    "network": "--network {net} --network-alias one --network-alias two --ip 10.213.{octet}.77 busybox",
    "own network": "--net name={net},alias=three,ip=10.213.{octet}.78 busybox",
    "links": "--link {other}:db --volumes-from {other}:ro busybox",
    "links in a network": "--network {net} --link {other}:db busybox",
    "of another": "--network container:{other} --ipc container:{other} --pid container:{other} busybox",
    "platform": "--platform linux/amd64 busybox",
}  # fmt: skip
NEWER = {
    "mac": ((1, 44), "--network {net} --mac-address 02:11:22:33:44:55 busybox"),
    "plain mac": ((1, 44), "--mac-address 02:11:22:33:44:55 busybox"),
    "two networks": (
        (1, 44),
        "--network {net} --network name={net}-b,alias=x,driver-opt=a=b --network-alias y busybox",
    ),
    "start interval": ((1, 44), "--health-cmd true --health-start-interval 2s busybox"),
    "annotation": ((1, 43), "--annotation a=b busybox"),
    "mount of a part": ((1, 45), "--mount type=volume,src={prefix}-v,dst=/v,volume-subpath=a busybox"),
    "read-only below": ((1, 44), "--mount type=bind,src=/tmp,dst=/v,readonly,bind-recursive=writable busybox"),
    "gateway": ((1, 48), "--network name={net},gw-priority=7,mac-address=02:11:22:33:44:66 busybox"),
}  # fmt: skip
CASES = {**{name: ((1, 41), line) for name, line in LINES.items()}, **NEWER}
"""By name: the API version from which on it works, and what stands behind `docker run`."""
