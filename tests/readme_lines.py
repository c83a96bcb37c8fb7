"""How well-known projects tell people to run them: the lines of their own documentation, as they stand there."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadmeLine:
    """A text to paste; `told` is a part of each remark about it, `wrong` the option that has to be put right by hand.

    `right` says what the user puts in the place of which text to do so.
    """

    text: str
    told: tuple[str, ...] = ()
    wrong: str = ""
    right: tuple[str, str] = ("", "")


README_LINES = {
    "postgres": ReadmeLine("$ docker run --name some-postgres -e POSTGRES_PASSWORD=mysecretpassword -d postgres"),
    "redis": ReadmeLine("docker run --name some-redis -d redis redis-server --save 60 1 --loglevel warning"),
    "nginx": ReadmeLine("docker run --name some-nginx -v /some/content:/usr/share/nginx/html:ro -d -p 8080:80 nginx"),
    "traefik": ReadmeLine(
        """docker run -d -p 8080:8080 -p 80:80 \\
    -v $PWD/traefik.yml:/etc/traefik/traefik.yml traefik:v3.3
""",
        ("$PWD is a shell's variable", "--volume: the host's path must be absolute"),
        "volume",
        ("$PWD", "{cwd}"),
    ),
    "portainer": ReadmeLine(
        """docker volume create portainer_data

docker run -d -p 8000:8000 -p 9443:9443 --name portainer --restart=always \\
  -v /var/run/docker.sock:/var/run/docker.sock -v portainer_data:/data portainer/portainer-ce:lts
""",
        ("docker volume create portainer_data is left out",),
    ),
    "grafana": ReadmeLine(
        "docker run -d -p 3000:3000 --name=grafana \\\n  --volume grafana-storage:/var/lib/grafana \\\n"
        "  -e \"GF_PLUGINS_PREINSTALL=grafana-clock-panel, grafana-simple-json-datasource\" \\\n"
        "  grafana/grafana-enterprise\n"
    ),
    "pihole": ReadmeLine(
        """docker run --name pihole -p 53:53/tcp -p 53:53/udp -p 80:80/tcp -p 443:443/tcp -e TZ=Europe/London \\
  -e FTLCONF_webserver_api_password="correct horse battery staple" -e FTLCONF_dns_listeningMode=all \\
  -v ./etc-pihole:/etc/pihole -v ./etc-dnsmasq.d:/etc/dnsmasq.d --cap-add NET_ADMIN --restart unless-stopped \\
  pihole/pihole:latest
"""
    ),
    "nextcloud": ReadmeLine(
        """sudo docker run \\
--init \\
--sig-proxy=false \\
--name nextcloud-aio-mastercontainer \\
--restart always \\
--publish 80:80 \\
--publish 8080:8080 \\
--publish 8443:8443 \\
--volume nextcloud_aio_mastercontainer:/mnt/docker-aio-config \\
--volume /var/run/docker.sock:/var/run/docker.sock:ro \\
ghcr.io/nextcloud-releases/all-in-one:latest
""",
        ("--sig-proxy is left out",),
    ),
    "registry": ReadmeLine("docker run -d -p 5000:5000 --restart always --name registry registry:3"),
    "plex": ReadmeLine(
        """docker run -d \\
  --name=plex \\
  --net=host \\
  -e PUID=1000 \\
  -e PGID=1000 \\
  -e TZ=Etc/UTC \\
  -e VERSION=docker \\
  -e PLEX_CLAIM= `#optional` \\
  -v /path/to/plex/library:/config \\
  -v /path/to/tvseries:/tv \\
  -v /path/to/movies:/movies \\
  --restart unless-stopped \\
  lscr.io/linuxserver/plex:latest
"""
    ),
    "home-assistant": ReadmeLine(
        """docker run -d \\
  --name homeassistant \\
  --privileged \\
  --restart=unless-stopped \\
  -e TZ=MY_TIME_ZONE \\
  -v /PATH_TO_YOUR_CONFIG:/config \\
  -v /run/dbus:/run/dbus:ro \\
  --network=host \\
  ghcr.io/home-assistant/home-assistant:stable
"""
    ),
    "wireguard": ReadmeLine(
        """docker run -d \\
  --name=wireguard \\
  --cap-add=NET_ADMIN \\
  --cap-add=SYS_MODULE `#optional` \\
  -e PUID=1000 \\
  -e INTERNAL_SUBNET=10.13.13.0 `#optional` \\
  -p 51820:51820/udp \\
  -v /path/to/wireguard/config:/config \\
  -v /lib/modules:/lib/modules `#optional` \\
  --sysctl="net.ipv4.conf.all.src_valid_mark=1" \\
  --restart unless-stopped \\
  lscr.io/linuxserver/wireguard:latest
"""
    ),
    "cadvisor": ReadmeLine(
        """VERSION=v0.49.1 # use the latest release version from https://github.com/google/cadvisor/releases
sudo docker run \\
  --volume=/:/rootfs:ro \\
  --volume=/var/run:/var/run:ro \\
  --volume=/sys:/sys:ro \\
  --volume=/dev/disk/:/dev/disk:ro \\
  --publish=8080:8080 \\
  --detach=true \\
  --name=cadvisor \\
  --privileged \\
  --device=/dev/kmsg \\
  gcr.io/cadvisor/cadvisor:$VERSION
""",
        ("VERSION=v0.49.1 is left out", "$VERSION is a shell's variable"),
        "image",
        ("$VERSION", "v0.49.1"),
    ),
    "elasticsearch": ReadmeLine("docker run --name es01 -p 9200:9200 -m 1GB -e discovery.type=single-node "
                                "--ulimit nofile=65535:65535 -d docker.elastic.co/elasticsearch/elasticsearch:9.0.0"),
    "minio": ReadmeLine(
        """docker run -d \\
   -p 9000:9000 \\
   -p 9001:9001 \\
   --name minio \\
   -v ~/minio/data:/data \\
   -e "MINIO_ROOT_USER=ROOTNAME" \\
   -e "MINIO_ROOT_PASSWORD=CHANGEME123" \\
   quay.io/minio/minio server /data --console-address ":9001"
""",
        ("~ is a shell's", "--volume: the host's path must be absolute"),
        "volume",
        ("~", "{home}"),
    ),
}  # fmt: skip
