// One moment of the board, and the ways to another.
import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useState } from 'react'
import { useBoard } from '../board/BoardContext'
import { Actions } from './Actions'
import { MomentPicture, type PictureState } from './MomentPicture'
import { choose, indexOf } from './moments'
import { type Moments, type Part, momentsQuery } from './queries'
import { type Span, LENGTHS, Spans } from './Spans'
import { Timeline } from './Timeline'
import { Versions } from './Versions'
import { When } from './When'

interface Props {
  /* everything that is kept */
  all: Moments
  listed: boolean
  onListed: (listed: boolean) => void
  onClose: () => void
}

export function Past({ all, listed, onListed, onClose }: Props) {
  const { room, link } = useBoard()
  /* null: the newest, whatever is drawn meanwhile */
  const [clock, setClock] = useState<number | null>(null)
  const [span, setSpan] = useState<Span>('all')
  const [part, setPart] = useState<Part | null>(null)
  const [picture, setPicture] = useState<PictureState>('coming')
  const near = useQuery({ ...momentsQuery(room.id, link, part), enabled: part !== null })
  const history = (part && near.data) || all
  const newest = all.moments.at(-1)?.clock ?? null
  const chosen = choose(history, clock ?? newest ?? all.versions.at(-1)?.clock ?? 0)
  const index = chosen ? indexOf(history.moments, chosen.clock) : -1

  const go = (to: number) => {
    const moment = history.moments[Math.max(0, Math.min(to, history.moments.length - 1))]
    if (moment) setClock(moment.clock === newest ? null : moment.clock)
  }

  const look = (version: number) => {
    setClock(version === newest ? null : version)
    setSpan('all')
    setPart(null)
    onListed(false)
  }

  const focusOn = (wanted: Span) => {
    const length = LENGTHS[wanted]
    setSpan(wanted)
    setPart(length && chosen ? { from: Math.max(0, chosen.at - length / 2), to: chosen.at + length / 2 } : null)
  }

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const target = event.target as HTMLElement
    /* dialogs and menus above are not inside, the slider knows its keys */
    if (!event.currentTarget.contains(target) || target.closest('[role=slider], [role=menu], [role=radiogroup], input')) return

    const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: history.moments.length - 1 }[event.key]
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    go(to)
  }

  if (!chosen) return null

  return (
    <div className="td-history-body" onKeyDown={onKeyDown}>
      <MomentPicture chosen={chosen} onState={setPicture} />
      <Versions versions={all.versions} chosen={chosen.clock} open={listed} onLook={look} />
      <footer className="td-history-foot">
        <When chosen={chosen} newest={chosen.clock === newest} picture={picture} />
        <Timeline history={history} versions={all.versions} index={index} onIndex={go} />
        {all.step > 1000 && <Spans span={span} onSpan={focusOn} />}
        {picture !== 'failed' && <Actions chosen={chosen} newest={chosen.clock === newest} onClose={onClose} />}
      </footer>
    </div>
  )
}
