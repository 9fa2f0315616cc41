import { t } from '../texts'
import { ApiError } from './api'

/* what to say about a failed call */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t.errors.internal
  if (error.code === 'weak_password') return t.errors.weak_password
  if (error.field && t.errors.fields[error.field]) return t.errors.fields[error.field] as string

  if (error.code === 'too_many_attempts' && error.retryAfter) return t.errors.wait(error.retryAfter)

  return t.errors[error.code] ?? t.errors.internal
}

export function hasCode(error: unknown, ...codes: ApiError['code'][]): boolean {
  return error instanceof ApiError && codes.includes(error.code)
}
