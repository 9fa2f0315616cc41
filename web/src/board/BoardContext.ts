import { type RefObject, createContext, useContext } from 'react'
import type { Room } from '../lib/types'
import type { Unsaved } from './unsaved'

interface OpenedBoard {
  room: Room
  link: string | null
  embedded: boolean
  unsaved: Unsaved | null
  /* what is to be done before the board is left */
  leaving: RefObject<(() => Promise<void>) | null>
  sharing: boolean
  setSharing: (open: boolean) => void
}

export const BoardContext = createContext<OpenedBoard | null>(null)

/* for what tldraw renders in its slots */
export function useBoard(): OpenedBoard {
  const board = useContext(BoardContext)
  if (!board) throw new Error('There is no open board around this component')
  return board
}
