// Calls to the server. Every failure is an ApiError, also the one where no
// server answered (code "offline").
import { appUrl } from './base'

export type ErrorCode =
  | 'bad_request'
  | 'not_authenticated'
  | 'invalid_credentials'
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
  | 'too_large'
  | 'unsupported_media_type'
  | 'too_many_attempts'
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

async function call<T>(method: Method, path: string, body?: object): Promise<T> {
  let response: Response

  try {
    response = await fetch(appUrl(`api/${path}`), {
      method,
      credentials: 'same-origin',
      ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    })
  } catch {
    throw new ApiError('offline', 0, 'No answer')
  }

  if (response.status === 204) return undefined as T

  const answer: unknown = await response.json().catch(() => null)

  if (!response.ok) throw failure(response, answer)
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
  get: <T>(path: string) => call<T>('GET', path),
  post: <T>(path: string, body: object = {}) => call<T>('POST', path, body),
  patch: <T>(path: string, body: object) => call<T>('PATCH', path, body),
  put: <T>(path: string, body: object) => call<T>('PUT', path, body),
  delete: (path: string) => call<void>('DELETE', path),
}

/* ids and tokens come from the address bar: never let one change the path */
export const segment = encodeURIComponent
