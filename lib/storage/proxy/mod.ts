/**
 * Another SFTP server as a storage. It is a separate entry point, because it
 * brings an SSH client with it.
 *
 * @module
 */

export {
  type ConnectEnvironment,
  ConnectError,
  type ConnectOptions,
  type HostVerification,
  type SshTransport,
} from "./connection_options.ts";
export { openProxy, type OpenProxyOptions } from "./open_proxy.ts";
export { type ProxyOptions, ProxyStorage } from "./proxy.ts";
