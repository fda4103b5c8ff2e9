/**
 * A container without an engine: a `podman` that does what the manual asks of it with namespaces,
 * a copy-on-write root and setpriv(1).
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { printLine } from "../../scripts/support/print.ts";
import { findProgram, type Need, needs } from "./programs.ts";
import { quoted } from "./run.ts";

const CONTAINERFILE = fileURLToPath(
  new URL("../../scripts/container/Containerfile", import.meta.url),
);

/** Mounts an image: the steps of the Containerfile on top of a system. */
const BUILD = `
mount --make-rprivate /
mount -t tmpfs tmpfs "$state/image"
mkdir "$state/image/upper" "$state/image/work" "$state/image/root"
mount -t overlay overlay "$state/image/root" \\
  -o "lowerdir=$system,upperdir=$state/image/upper,workdir=$state/image/work"
root="$state/image/root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
`;

/** Starts the image as the options of \`podman run\` say. */
const RUN = `
privileges="--reuid $user --regid $user --clear-groups"
while [ $# -gt 0 ]; do
  case "$1" in
    -d) ;;
    --name) shift ;;
    -p) shift ;;
    --read-only) readonly=yes ;;
    --cap-drop=all) privileges="$privileges --bounding-set=-all --inh-caps=-all" ;;
    --security-opt=no-new-privileges) privileges="$privileges --no-new-privs" ;;
    -v)
      shift
      volume="$state/volumes/\${1%%:*}" at="$root\${1#*:}"
      mkdir -p "$volume"
      chown --reference="$at" "$volume"
      mount --bind "$volume" "$at" ;;
    sftpwrap) ;;
    *) echo "not known here: $1" >&2; exit 1 ;;
  esac
  shift
done
if [ "\${readonly:-}" = yes ]; then
  for folder in tmp run var/tmp; do mount -t tmpfs -o mode=1777 tmpfs "$root/$folder"; done
  mount -o remount,bind,ro "$root"
fi
echo "$root $privileges" > "$state/running"
exec chroot "$root" setpriv $privileges env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  "$entrypoint" -p "$port"
`;

/** What the commands of the manual call. */
const PODMAN = `
command="$1"
shift
case "$command" in
  build)
    [ "$*" = "-t sftpwrap -f scripts/container/Containerfile ." ] ;;
  run)
    unshare --mount --pid --fork --kill-child sh -eu "$state/run" "$@" \\
      < /dev/null > "$state/log" 2>&1 &
    echo $! > "$state/pid"
    until [ -s "$state/running" ]; do kill -0 "$(cat "$state/pid")"; sleep 0.05; done ;;
  exec)
    input=/dev/null
    if [ "$1" = -i ]; then shift; input=/dev/stdin; fi
    shift
    read -r root privileges < "$state/running"
    pid="$(cat "$state/pid")"
    child="$(cat "/proc/$pid/task/$pid/children")"
    exec nsenter --target "\${child% }" --mount --pid chroot "$root" setpriv $privileges \\
      env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" < "$input" ;;
  logs)
    cat "$state/log" ;;
esac
`;

/** A `podman` in a folder. */
export interface Engine {
  /** A folder that comes first on PATH. */
  readonly path: string;
  /** What the container has printed. */
  log(): Promise<string>;
  /** The line of /proc/PID/status of its first process. */
  status(field: string): Promise<string>;
  /** A volume, as a folder. */
  volume(name: string): string;
}

/**
 * Runs `use` with a `podman`, whose container listens on another port than the one that the image
 * says, and stops the container.
 *
 * @param state An empty folder.
 * @param system The system that FROM stands for: a bare Debian, or this machine's own, on which
 * what apt-get would install is there already.
 */
export async function withEngine(
  { state, port, system = "/" }: {
    readonly state: string;
    readonly port: number;
    readonly system?: string;
  },
  use: (engine: Engine) => Promise<void>,
): Promise<void> {
  const { steps, user, entrypoint } = await containerfile(system === "/");
  const words = Object.entries({ state, port: `${port}`, system, user, entrypoint })
    .map(([name, value]) => `${name}=${quoted(value)}\n`).join("");
  for (const folder of ["bin", "image", "volumes"]) await Deno.mkdir(`${state}/${folder}`);
  await Deno.writeTextFile(`${state}/run`, words + BUILD + steps + RUN);
  const shebang = "#!/bin/sh\nset -eu\n";
  await Deno.writeTextFile(`${state}/bin/podman`, shebang + words + PODMAN, { mode: 0o755 });
  for (const file of ["log", "pid"]) await Deno.writeTextFile(`${state}/${file}`, "");
  const log = () => Deno.readTextFile(`${state}/log`);
  const first = async () => {
    const pid = (await Deno.readTextFile(`${state}/pid`)).trim();
    return pid === "" ? "" : (await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).trim();
  };
  const status = async (field: string) => {
    const text = await Deno.readTextFile(`/proc/${await first()}/status`);
    return new RegExp(`^${field}:\\s*(.*)$`, "m").exec(text)?.[1] ?? "";
  };
  try {
    const volume = (name: string) => `${state}/volumes/${name}`;
    await use({ path: `${state}/bin`, log, volume, status });
  } catch (error) {
    if (error instanceof Error) error.cause ??= await log();
    throw error;
  } finally {
    // What is in the container, and its mounts, end with its first process.
    const running = await first().catch(() => "");
    if (running !== "") Deno.kill(Number(running), "SIGKILL");
  }
}

/** The Containerfile's steps as a script that changes $root, its user and its program. */
async function containerfile(isInstalled: boolean) {
  const text = (await Deno.readTextFile(CONTAINERFILE)).replace(/\\\n/g, "");
  const steps: string[] = [];
  let user = "";
  let entrypoint = "";
  const stub = '"$root/usr/local/sbin/apt-get"';
  if (isInstalled) steps.push(`printf '#!/bin/sh\\n' > ${stub}`, `chmod 755 ${stub}`);
  for (const line of text.split("\n").filter((line) => /^[A-Z]/.test(line))) {
    const [, word = "", rest = ""] = /^(\w+) (.*)$/.exec(line) ?? [];
    if (word === "RUN") steps.push(`chroot "$root" sh -c ${quoted(rest)}`);
    else if (word === "COPY") steps.push(`cp ${rest.replace(" /", ' "$root"/')}`);
    else if (word === "USER") user = rest;
    else if (word === "ENTRYPOINT") [entrypoint = ""] = JSON.parse(rest);
    else if (word !== "FROM" && word !== "EXPOSE") throw new Error(`not known here: ${line}`);
  }
  return { steps: `${steps.join("\n")}\n`, user, entrypoint };
}

/** Whether containers can be made so here. */
export function needsEngine(): Need {
  const programs = needs("unshare", "nsenter", "setpriv", "useradd", "mount", "chroot");
  if (programs.ignore) return programs;
  const reason = "not root, or nothing can be mounted here (overlay)";
  if (Deno.uid() !== 0) return { ignore: true, reason };
  const trial = "mount -t tmpfs t /mnt; mkdir /mnt/u /mnt/w /mnt/r; " +
    "mount -t overlay o /mnt/r -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w";
  const { success } = new Deno.Command(findProgram("unshare")!, {
    args: ["--mount", "sh", "-ec", trial],
    stdout: "null",
    stderr: "null",
  }).outputSync();
  if (!success && Deno.env.get("SFTPWRAP_TELL_REASONS") === "1") printLine(reason);
  return { ignore: !success, reason };
}
