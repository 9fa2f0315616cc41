// Calls to the server. Every failure is an ApiError, also the one where no
// server answered (code "offline").
import { appUrl } from './base'

type ErrorCode =
  | 'bad_request'
  | 'not_authenticated'
  | 'invalid_credentials'
  | 'link_password'
  | 'weak_password'
  | 'forbidden'
  | 'bad_origin'
  | 'registration_closed'
  | 'invite_required'
  | 'setup_code_required'
  | 'setup_code_invalid'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'email_taken'
  | 'gone'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_media_type'
  | 'too_many_attempts'
  | 'mail_failed'
  | 'internal'
  | 'unavailable'
  | 'offline'

export class ApiError extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly status: number,
    message: string,
    readonly field?: string,
    readonly retryAfter?: number,
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

/* the answer of the server, or an ApiError */
export async function request(
  method: Method,
  path: string,
  body?: BodyInit,
  headers?: HeadersInit,
  signal?: AbortSignal,
): Promise<Response> {
  const response = await fetch(appUrl(`api/${path}`), {
    method,
    credentials: 'same-origin',
    ...(body !== undefined && { body }),
    ...(headers && { headers }),
    ...(signal && { signal }),
  }).catch(() => {
    throw new ApiError('offline', 0, 'No answer')
  })

  if (!response.ok) throw failure(response, await response.json().catch(() => null))

  return response
}

async function call<T>(method: Method, path: string, body?: object, signal?: AbortSignal): Promise<T> {
  const response = body
    ? await request(method, path, JSON.stringify(body), { 'Content-Type': 'application/json' })
    : await request(method, path, undefined, undefined, signal)

  return read<T>(response)
}

async function upload<T>(method: Method, path: string, body: Blob): Promise<T> {
  return read<T>(await request(method, path, body, { 'Content-Type': body.type }))
}

async function read<T>(response: Response): Promise<T> {
  if (response.status === 204) return undefined as T

  const answer: unknown = await response.json().catch(() => null)
  if (answer === null) throw new ApiError('internal', response.status, 'No JSON')

  return answer as T
}

function failure(response: Response, answer: unknown): ApiError {
  const error = (answer as { error?: { code?: ErrorCode; message?: string; field?: string } } | null)?.error
  const retryAfter = Number(response.headers.get('Retry-After')) || undefined
  const code = error?.code ?? (response.status >= 502 ? 'unavailable' : 'internal')

  return new ApiError(code, response.status, error?.message ?? response.statusText, error?.field, retryAfter)
}

export const api = {
  get: <T>(path: string, signal?: AbortSignal) => call<T>('GET', path, undefined, signal),
  post: <T>(path: string, body: object = {}) => call<T>('POST', path, body),
  patch: <T>(path: string, body: object) => call<T>('PATCH', path, body),
  put: <T>(path: string, body: object) => call<T>('PUT', path, body),
  delete: (path: string, body?: object) => call<void>('DELETE', path, body),
  upload,
}

/* ?a=b&c=d of what has a value */
export function query(parts: Record<string, string | number | boolean | null | undefined>): string {
  const search = new URLSearchParams()

  for (const [name, value] of Object.entries(parts)) {
    if (value === null || value === undefined || value === '' || value === false) continue
    search.set(name, value === true ? '1' : String(value))
  }

  return search.size > 0 ? `?${search.toString()}` : ''
}

/* ids and tokens come from the address bar: never let one change the path */
export const segment = encodeURIComponent
