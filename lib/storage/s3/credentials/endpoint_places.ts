import { ask, hostOf } from "./ask.ts";
import { CredentialsError, type KeyPlace, keysOfJson, type Variables } from "./place.ts";

/** Where ECS serves keys to containers. */
const CONTAINER_HOST = "http://169.254.170.2";

/** Hosts that may be asked without TLS: this machine, and those of ECS and EKS. */
const PLAIN_HOSTS =
  /^(?:localhost|127(?:\.\d+){3}|\[::1\]|169\.254\.170\.(?:2|23)|\[fd00:ec2::23\])$/;

/** The name of {@linkcode instancePlace}. */
export const INSTANCE = "the instance's endpoint";

/** A machine that is not an instance of EC2 usually drops what is sent there. */
const INSTANCE_ANSWER_MS = 1_000;

/** How long the token of a session with the instance's endpoint is valid. */
const TOKEN_SECONDS = "21600";

/** The keys of the container that this process runs in, if the environment names an endpoint. */
export function containerPlace(variables: Variables): KeyPlace | undefined {
  const relative = variables("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const text = relative === undefined
    ? variables("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    : `${CONTAINER_HOST}${relative}`;
  if (text === undefined) return undefined;
  const name = "the container's endpoint";
  const url = URL.parse(text);
  const isAllowed = url?.protocol === "https:" ||
    url?.protocol === "http:" && PLAIN_HOSTS.test(url.hostname);
  if (url === null || !isAllowed) {
    throw new CredentialsError(`${name} has to be an https: URL or one of this machine: ${text}`);
  }
  const file = variables("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  const token = variables("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  return {
    name,
    asks: [hostOf(url)],
    reads: file === undefined ? undefined : [file],
    async load() {
      const authorization = file === undefined ? token : await readToken(file);
      const headers: HeadersInit = authorization === undefined ? {} : { authorization };
      const { status, text } = await ask(url.href, { headers }, name);
      if (status !== 200) throw new CredentialsError(`${name} answers with status ${status}`);
      return keysOfJson(text, name);
    },
  };
}

/** The keys of the EC2 instance that this process runs on, unless that is turned off. */
export function instancePlace(variables: Variables): KeyPlace | undefined {
  if (variables("AWS_EC2_METADATA_DISABLED")?.toLowerCase() === "true") return undefined;
  const isIpv6 = variables("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.toLowerCase() === "ipv6";
  const base = variables("AWS_EC2_METADATA_SERVICE_ENDPOINT") ??
    `http://${isIpv6 ? "[fd00:ec2::254]" : "169.254.169.254"}`;
  const name = INSTANCE;
  const url = URL.parse(base);
  if (url === null) throw new CredentialsError(`${name} is not a URL: ${base}`);
  const get = async (path: string, init: RequestInit): Promise<string> => {
    const to = new URL(`latest/${path}`, url.href.replace(/\/?$/, "/"));
    const { status, text } = await ask(to.href, init, name, INSTANCE_ANSWER_MS);
    if (status === 200) return text.trim();
    const what = status === 404 ? "has no role" : `answers with status ${status}`;
    throw new CredentialsError(`${name} ${what}`);
  };
  return {
    name,
    asks: [hostOf(url)],
    async load() {
      const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": TOKEN_SECONDS };
      const token = await get("api/token", { method: "PUT", headers: ttl });
      const init = { headers: { "x-aws-ec2-metadata-token": token } };
      const roles = await get("meta-data/iam/security-credentials/", init);
      const [role = ""] = roles.split("\n");
      const path = `meta-data/iam/security-credentials/${encodeURIComponent(role)}`;
      return keysOfJson(await get(path, init), name);
    },
  };
}

/** A token in a file, which other programs replace from time to time. */
export async function readToken(path: string): Promise<string> {
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch (error) {
    throw new CredentialsError(`the token in ${path} cannot be read`, { cause: error });
  }
}
