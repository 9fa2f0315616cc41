// The board at the chosen moment. What was shown last stays until the next has
// arrived; who moves the slider on asks only for where they stop.
import { ClockIcon } from '@radix-ui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { TLRecord } from 'tldraw'
import { useBoard } from '../board/BoardContext'
import { Failed, Loading, Note } from '../components/States'
import { ApiError } from '../lib/api'
import { hasCode } from '../lib/errors'
import { t } from '../texts'
import type { Chosen } from './moments'
import { Picture } from './Picture'
import { boardQuery } from './queries'

const PAUSE = 120

/* coming: what is seen is another moment still */
export type PictureState = 'coming' | 'there' | 'failed'

interface Props {
  chosen: Chosen
  onState: (state: PictureState) => void
}

export function MomentPicture({ chosen, onState }: Props) {
  const { room, link } = useBoard()
  const clock = useSettled(chosen.clock)
  const board = useQuery(boardQuery(room.id, link, clock))
  const records = useLast(board.data)
  const coming = clock !== chosen.clock || board.isFetching
  const state = coming ? 'coming' : board.isError ? 'failed' : 'there'

  useEffect(() => onState(state), [state, onState])

  return (
    <section className="td-history-picture" aria-label={t.history.picture} aria-busy={coming}>
      {records ? <Picture records={records} /> : !board.isError && <Loading />}
      {board.isError && (
        <div className="td-history-gone">
          <Trouble error={board.error} onRetry={() => void board.refetch()} />
        </div>
      )}
    </section>
  )
}

function Trouble({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (error instanceof ApiError && !hasCode(error, 'not_found')) {
    return <Failed title={t.history.momentFailed} error={error} onRetry={onRetry} />
  }

  const gone = error instanceof ApiError

  return (
    <div role="alert">
      <Note
        icon={<ClockIcon width={22} height={22} />}
        title={gone ? t.history.gone : t.history.unreadable}
        text={gone ? t.history.goneText : t.history.unreadableText}
      />
    </div>
  )
}

/* the value once it has not changed for a while */
function useSettled(value: number): number {
  const [settled, setSettled] = useState(value)

  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE)
    return () => clearTimeout(timer)
  }, [value])

  return settled
}

/* also after a failure, when the query has nothing */
function useLast(records: TLRecord[] | undefined): TLRecord[] | undefined {
  const [last, setLast] = useState(records)
  if (records && records !== last) setLast(records)
  return records ?? last
}
