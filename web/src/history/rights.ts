import { useBoard } from '../board/BoardContext'
import { useUser } from '../lib/query'

/* guests by a link look only, whatever else it lets them do */
export function useMayChange(): boolean {
  const { room } = useBoard()
  return useUser() !== null && room.role !== 'viewer'
}
