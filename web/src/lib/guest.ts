// Who this browser is to others when nobody is signed in.
import { COLORS } from './colors'
import { stored } from './stored'

interface Guest {
  id: string
  name: string
  color: string
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return `guest-${Array.from(bytes, (b) => b.toString(36).padStart(2, '0')).join('')}`
}

export const guest = stored<Guest>('tidraw.guest', () => ({
  id: randomId(),
  name: '',
  color: COLORS[Math.floor(Math.random() * COLORS.length)] ?? '#5b5bd6',
}))
