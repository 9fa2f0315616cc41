// How long a link may be valid, in days; 0: until it is revoked.
import { DAY } from '../lib/time'

export const EXPIRIES = ['1', '7', '30', '0'] as const
export type Expiry = (typeof EXPIRIES)[number]

export const expiresAt = (expiry: Expiry): number | null => (expiry === '0' ? null : Date.now() + Number(expiry) * DAY)
