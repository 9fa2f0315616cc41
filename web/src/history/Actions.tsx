// What can be done with the chosen moment.
import { BookmarkIcon, CopyIcon, CounterClockwiseClockIcon } from '@radix-ui/react-icons'
import { Button, Flex } from '@radix-ui/themes'
import { useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { useBoard } from '../board/BoardContext'
import { NameDialog } from '../components/NameDialog'
import { useFailed, useToast } from '../components/Toasts'
import { errorText, hasCode } from '../lib/errors'
import { useUser } from '../lib/query'
import { shortDate } from '../lib/time'
import { t } from '../texts'
import { type Chosen, timeOf } from './moments'
import { useCopy, useNameVersion, useRestore } from './queries'
import { useMayChange } from './rights'

const NAME_MAX = 100

interface Props {
  chosen: Chosen
  newest: boolean
  onClose: () => void
}

export function Actions({ chosen, newest, onClose }: Props) {
  const user = useUser()
  const mayChange = useMayChange()

  return (
    <Flex gap="2" wrap="wrap" justify="end" className="td-history-actions">
      {mayChange && <NameButton chosen={chosen} />}
      {user && <CopyButton chosen={chosen} />}
      {mayChange && <RestoreButton chosen={chosen} newest={newest} onClose={onClose} />}
    </Flex>
  )
}

function NameButton({ chosen }: { chosen: Chosen }) {
  const { room, link } = useBoard()
  const toast = useToast()
  const failed = useFailed()
  const [asking, setAsking] = useState(false)
  const give = useNameVersion(room.id, link)

  const send = (name: string) =>
    void give.mutateAsync({ clock: chosen.clock, name }).then(() => toast({ text: t.history.named(name) }), failed)

  return (
    <>
      <Button variant="soft" aria-label={t.history.name} loading={give.isPending} onClick={() => setAsking(true)}>
        <BookmarkIcon /> {t.history.nameShort}
      </Button>
      <NameDialog
        open={asking}
        onOpenChange={setAsking}
        title={t.history.name}
        label={t.history.nameLabel}
        submit={t.save}
        {...(chosen.version && { name: chosen.version.name })}
        onName={send}
      />
    </>
  )
}

function CopyButton({ chosen }: { chosen: Chosen }) {
  const { room, link } = useBoard()
  const failed = useFailed()
  const navigate = useNavigate()
  const [asking, setAsking] = useState(false)
  const copy = useCopy(room.id, link)

  const send = (name: string) =>
    void copy.mutateAsync({ clock: chosen.clock, name }).then((made) => navigate(`/board/${made.id}`), failed)

  return (
    <>
      <Button variant="soft" aria-label={t.history.copy} loading={copy.isPending} onClick={() => setAsking(true)}>
        <CopyIcon /> {t.history.copyShort}
      </Button>
      <NameDialog
        open={asking}
        onOpenChange={setAsking}
        title={t.history.copy}
        label={t.history.copyLabel}
        submit={t.history.copyCreate}
        name={`${room.name} – ${chosen.version?.name ?? shortDate(chosen.at)}`.slice(0, NAME_MAX)}
        onName={send}
      />
    </>
  )
}

function RestoreButton({ chosen, newest, onClose }: Props) {
  const { room, link } = useBoard()
  const toast = useToast()
  const restore = useRestore(room.id, link)
  const failed = (error: unknown) =>
    toast({ text: hasCode(error, 'conflict') ? t.history.busy : errorText(error), tone: 'error' })

  /* the answers may come when the history is closed: not as options of mutate() */
  const undo = (before: number) =>
    void restore.mutateAsync(before).then(() => toast({ text: t.history.undone }), failed)

  const send = async () => {
    const { clock, before } = await restore.mutateAsync(chosen.clock)
    onClose()
    if (clock === before) return toast({ text: t.history.same })
    toast({
      text: t.history.restored(timeOf(chosen.at)),
      action: { label: t.undo, onSelect: () => undo(before) },
    })
  }

  return (
    <Button disabled={newest} loading={restore.isPending} onClick={() => void send().catch(failed)}>
      <CounterClockwiseClockIcon /> {t.history.restore}
    </Button>
  )
}
