import { messageOf } from "../../../message_of.ts";
import type { Duplex } from "node:stream";
import { ALGORITHMS, algorithmsOf, NESTED_CIPHER } from "./algorithms.ts";
import { collectCredentials } from "./login_attempts.ts";
import { channelOf } from "./node_channel.ts";
import { type Connected, ConnectError, type ConnectOptions } from "../connection_options.ts";
import { Deadline } from "./deadline.ts";
import { type Dialing, reasonOf, startDialing, type Way } from "./dial.ts";
import { HostKeyCheck } from "../host_keys/host_key_check.ts";
import { lastJump } from "../config/jumps.ts";
import { Login } from "./login.ts";
import type { Callback, Client, ConnectConfig, Ssh2 } from "./ssh2.d.ts";
import { authentication, keyTools, type Ssh2Key } from "./ssh2_keys.ts";
import { resolveTarget, type Target } from "../config/target.ts";

/** Seconds that logging in may take, like sshd's own LoginGraceTime. */
const LOGIN_GRACE_S = 120;

/** This program's name in its first line, after `SSH-2.0-`. */
const IDENT = "sftpwrap";

/** The most hosts that a connection may go through. */
const MAX_JUMPS = 16;

/** An error of ssh2, with the part of ssh2 that reports it. */
type Ssh2Error = Error & { readonly level?: string };

/** The options of a session. */
export interface Opening {
  readonly options: ConnectOptions;
  /** How many hosts are reached through this one. */
  readonly depth: number;
  /** The hosts before this one, if the host after it lists them. */
  readonly jumps?: string | undefined;
}

/** An SSH connection that is logged in, and the connections that it goes through. */
export class Ssh2Session implements Way {
  readonly #ssh2: Ssh2;
  readonly #client: Client;
  readonly #target: Target;
  readonly #via: Ssh2Session | undefined;
  readonly #options: ConnectOptions;
  /** Whether this connection goes through another one, or another one through this. */
  readonly #isNested: boolean;
  readonly #gone = Promise.withResolvers<string>();
  /** Why the connection ends, as soon as that is known. */
  #reason: string | undefined;

  private constructor(
    ssh2: Ssh2,
    { target, via, options, depth }: {
      readonly target: Target;
      readonly via: Ssh2Session | undefined;
      readonly options: ConnectOptions;
      readonly depth: number;
    },
  ) {
    this.#isNested = via !== undefined || depth > 0;
    this.#ssh2 = ssh2;
    this.#target = target;
    this.#via = via;
    this.#options = options;
    this.#client = new ssh2.Client();
    this.#client.on("error", (error: Ssh2Error) => this.#takeError(error));
    this.#client.on("close", () => this.#end("the other side closed the connection"));
  }

  /**
   * Connects and logs in.
   *
   * @throws {ConnectError} If any step fails, for this host or one before it.
   */
  static async open(
    load: () => Promise<Ssh2>,
    { options, depth, jumps }: Opening,
  ): Promise<Ssh2Session> {
    const own = resolveTarget(options);
    const target = jumps === undefined ? own : { ...own, jumps };
    if (target.passedOver.length > 0) {
      options.log(5, `ssh_config, without effect here: ${target.passedOver.join(", ")}`);
    }
    const via = await openJump(load, { target, options, depth });
    // ssh2 is loaded while the network and the host are busy.
    const dialing = startDialing(target, via);
    const session = new Ssh2Session(await load(), { target, via, options, depth });
    try {
      await session.#logIn(dialing);
      return session;
    } catch (error) {
      dialing.socket.then((socket) => socket.destroy(), () => undefined);
      await session.close();
      throw session.#failure(error);
    } finally {
      dialing.deadline.clear();
    }
  }

  /**
   * Opens the SFTP subsystem, the only channel of the connection.
   *
   * @throws {ConnectError} If the server does not have it; the connection is then closed.
   */
  async sftp(): Promise<Connected> {
    const deadline = new Deadline();
    try {
      deadline.set(this.#target.connectTimeout, "timed out while opening the SFTP subsystem");
      const opening = this.#channel((done) => this.#client.subsys("sftp", done));
      return this.#connected(await deadline.race(opening));
    } catch (error) {
      await this.close();
      throw this.#failure(error);
    } finally {
      deadline.clear();
    }
  }

  /** Ends the connection, then those that it goes through. */
  async close(): Promise<void> {
    this.#end("the connection was closed");
    this.#client.end();
    this.#client.destroy();
    await this.#via?.close();
  }

  get #address(): string {
    const { user, hostName, port } = this.#target;
    return `${user}@${hostName.includes(":") ? `[${hostName}]` : hostName}:${port}`;
  }

  #connected(stream: Duplex): Connected {
    const channel = channelOf(stream);
    let ending = "the SFTP server hung up";
    stream.on("exit", (status: number | null, signal?: string) => {
      ending = `the SFTP server ended (${signal ?? `exit status ${status}`})`;
    });
    // What came before the end can still be read; a lost connection emits no end.
    const ended = new Promise<string>((resolve) => stream.on("close", () => resolve(ending)));
    const lost = this.#gone.promise.then((reason) => {
      channel.break(new Error(reason));
      return reason;
    });
    return {
      channel,
      description: this.#address,
      closed: Promise.race([lost, ended]),
      close: () => this.close(),
    };
  }

  #end(reason: string): void {
    this.#reason ??= reason;
    this.#gone.resolve(this.#reason);
  }

  #takeError(error: Ssh2Error): void {
    // These are about one attempt to log in; ssh2 goes on with the next.
    if (error.level === "agent" || error.level === "client-authentication") {
      this.#options.log(3, `${this.#target.hostName}: ${error.message}`);
      return;
    }
    const isSilent = error.level === "client-timeout";
    this.#end(isSilent ? "the other side gives no sign of life" : reasonOf(error));
  }

  #failure(error: unknown): ConnectError {
    const reason = messageOf(error);
    return new ConnectError(`${this.#address}: ${reason.replace(/\s+/g, " ").trim()}`);
  }

  /** Opens a channel; fails if the connection ends first. */
  #channel(open: (done: Callback<Duplex>) => void): Promise<Duplex> {
    const opened = new Promise<Duplex>((resolve, reject) => {
      open((error, stream) => error ? reject(error) : resolve(stream));
    });
    return Promise.race([opened, this.#lost()]);
  }

  async #lost(): Promise<never> {
    throw new ConnectError(await this.#gone.promise);
  }

  async #logIn({ socket, deadline }: Dialing): Promise<void> {
    const check = new HostKeyCheck(this.#target, this.#options);
    const config = this.#config(check);
    const sock = await socket;
    const done = Promise.withResolvers<void>();
    this.#client.on("handshake", () => {
      check.accepted();
      deadline.set(LOGIN_GRACE_S, "timed out while logging in");
    });
    this.#client.on("ready", () => done.resolve());
    this.#client.on("banner", (text: string) => this.#showBanner(text));
    this.#client.on("change password", () => done.reject(new Error("the password has expired")));
    const login = greeted(sock).then(() => this.#login());
    // The failure is handled in authHandler; the connection may be lost before that runs.
    login.catch(() => undefined);
    this.#client.connect({
      ...config,
      sock,
      authHandler: (methodsLeft, isPartial, next) => {
        login.then((login) => {
          const attempt = login.next({
            methodsLeft: methodsLeft ?? undefined,
            isPartial: isPartial === true,
            mayTellPassword: !check.isDoubtful,
          });
          if (attempt === undefined) throw new Error(login.failure);
          next(authentication(attempt, this.#target.user, (question) => login.asked(question)));
        }).catch(done.reject);
      },
    });
    await deadline.race(Promise.race([done.promise, this.#lost()]));
    (await login).succeeded();
  }

  async #login(): Promise<Login<Ssh2Key>> {
    const { attempts, obstacles } = await collectCredentials(this.#target, {
      options: this.#options,
      tools: keyTools(this.#ssh2),
    });
    return new Login(attempts, { target: this.#target, obstacles, log: this.#options.log });
  }

  /** Opens a channel through this connection to another host. */
  forward({ hostName, port }: Target): Promise<Duplex> {
    return this.#channel((done) => this.#client.forwardOut("127.0.0.1", 0, hostName, port, done));
  }

  #config(check: HostKeyCheck): Omit<ConnectConfig, "sock" | "authHandler"> {
    const { user, keepalive, keepaliveCount, algorithms } = this.#target;
    return {
      ident: IDENT,
      username: user,
      readyTimeout: 0,
      keepaliveInterval: keepalive * 1000,
      keepaliveCountMax: keepaliveCount,
      algorithms: {
        serverHostKey: check.order(algorithmsOf(ALGORITHMS.hostKey, algorithms.hostKey)),
        cipher: algorithmsOf(this.#isNested ? NESTED_CIPHER : ALGORITHMS.cipher, algorithms.cipher),
        hmac: algorithmsOf(ALGORITHMS.mac, algorithms.mac),
        kex: algorithmsOf(ALGORITHMS.kex, algorithms.kex),
        compress: ["none"],
      },
      hostVerifier: (key, verify) => {
        const refusal = check.refusal(key);
        // The message of ssh2 would say less.
        if (refusal !== undefined) this.#end(refusal);
        verify(refusal === undefined);
      },
    };
  }

  #showBanner(text: string): void {
    for (const line of text.trimEnd().split(/\r?\n/)) {
      this.#options.log(3, `${this.#target.hostName} says: ${line}`);
    }
  }
}

/** Settles when the first bytes of the other side have come and been answered. */
function greeted(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    socket.once("data", () => setTimeout(resolve, 0));
  });
}

/** Connects to the host before this one, if there is one. */
async function openJump(
  load: () => Promise<Ssh2>,
  { target, options, depth }: {
    readonly target: Target;
    readonly options: ConnectOptions;
    readonly depth: number;
  },
): Promise<Ssh2Session | undefined> {
  if (target.jumps === undefined) return undefined;
  const { host, user, port, before } = lastJump(target.jumps);
  // As in ssh, `Host *` may name a jump host that is itself reached directly.
  const isItself = host.toLowerCase() === target.alias.toLowerCase() &&
    (port ?? target.port) === target.port;
  if (isItself && before === undefined) return undefined;
  if (depth === MAX_JUMPS) {
    throw new ConnectError(`ProxyJump ${target.jumps}: too many hosts, or a loop`);
  }
  return await Ssh2Session.open(load, {
    // Options given for the target, above all its password, are not for the jump host.
    options: { ...options, host, user, port, keys: undefined, password: undefined },
    depth: depth + 1,
    jumps: before,
  });
}
