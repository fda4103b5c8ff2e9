import { messageOf } from "../../../message_of.ts";
import type { ConnectOptions } from "../connection_options.ts";
import { type HostKey, hostKey } from "./host_keys.ts";
import { judge, orderAlgorithms, type Verdict } from "./host_verification.ts";
import { addKnownKey, type KnownKey, readKnownKeys } from "./known_hosts.ts";
import type { Target } from "../config/target.ts";

/** Checks one host's key during the life of a connection. */
export class HostKeyCheck {
  readonly #target: Target;
  readonly #log: ConnectOptions["log"];
  readonly #known: readonly KnownKey[];
  readonly #keysWithoutPort: readonly KnownKey[];
  #key: HostKey | undefined;
  #verdict: Verdict | undefined;
  #isSettled = false;

  /**
   * Reads what is known of the host.
   *
   * @throws {ConnectError} If a file of known hosts cannot be read.
   */
  constructor(target: Target, { log }: Pick<ConnectOptions, "log">) {
    this.#target = target;
    this.#log = log;
    const files = target.verification === "unchecked"
      ? []
      : [...target.userKnownHosts, ...target.globalKnownHosts];
    this.#known = readKnownKeys(files, target.keyName);
    this.#keysWithoutPort = target.keyNameWithoutPort === undefined
      ? []
      : readKnownKeys(files, target.keyNameWithoutPort);
  }

  /** Whether the host may be another one: then it must not get a password. */
  get isDoubtful(): boolean {
    return this.#verdict?.kind === "doubtful";
  }

  /** The algorithms in the order to offer them. */
  order(algorithms: readonly string[]): string[] {
    // Keys for another port of the host count only if this one has none itself.
    const isKnown = this.#known.some(({ marker }) => marker === undefined);
    return orderAlgorithms(algorithms, isKnown ? this.#known : this.#keysWithoutPort);
  }

  /** Why the key is refused; undefined if accepted. Called again for each key exchange. */
  refusal(bytes: Uint8Array): string | undefined {
    const key = hostKey(bytes);
    if (key === undefined) return "the host shows no key that can be read";
    if (this.#isSettled) {
      return key.base64 === this.#key?.base64
        ? undefined
        : `THE HOST KEY OF ${this.#target.keyName} HAS CHANGED within the connection`;
    }
    this.#key = key;
    this.#verdict = judge(key, {
      target: this.#target,
      known: this.#known,
      keysWithoutPort: this.#keysWithoutPort,
    });
    return this.#verdict.kind === "refused" ? this.#verdict.reason : undefined;
  }

  /** Call when the host has proved that it owns the key. */
  accepted(): void {
    if (this.#isSettled || this.#verdict === undefined) return;
    this.#isSettled = true;
    if (this.#verdict.kind === "doubtful") {
      this.#log(
        2,
        `${this.#verdict.reason}; ssh_config says to go on, but no password will be told`,
      );
    } else if (this.#verdict.kind === "new") {
      this.#learn(this.#verdict.reason);
    }
  }

  #learn(reason: string): void {
    const [file] = this.#target.userKnownHosts;
    if (this.#key === undefined) return;
    if (file === undefined) {
      this.#log(2, `${reason}; accepted, but there is no file to add it to`);
      return;
    }
    try {
      addKnownKey(file, {
        name: this.#target.keyName,
        key: this.#key,
        isHashed: this.#target.hashKnownHosts,
      });
      this.#log(3, `${reason}; accepted, and added to ${file}`);
    } catch (error) {
      // Like ssh: the key is accepted this time, and the log says what is wrong with the file.
      const why = messageOf(error);
      this.#log(2, `${reason}; accepted, but it cannot be added to ${file}: ${why}`);
    }
  }
}
