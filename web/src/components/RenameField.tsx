// Renaming in place: Enter or leaving the field saves, Escape does not.
import { TextField } from '@radix-ui/themes'
import { type KeyboardEvent, useRef } from 'react'
import { useRenameRoom } from '../lib/rooms'
import { t } from '../texts'
import { useFailed } from './Toasts'

interface Props {
  room: { id: string; name: string }
  /* keyboard: the focus is nowhere now, the caller puts it somewhere */
  onDone: (keyboard: boolean) => void
}

export function RenameField({ room, onDone }: Props) {
  const rename = useRenameRoom()
  const failed = useFailed()
  const finished = useRef(false)

  const finish = (name: string | null, keyboard: boolean) => {
    if (finished.current) return
    finished.current = true
    const wanted = name?.trim()

    if (wanted && wanted !== room.name) {
      /* this field is gone when the answer comes: not as options of mutate() */
      rename.mutateAsync({ id: room.id, name: wanted }).catch(failed)
    }
    onDone(keyboard)
  }

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    event.stopPropagation()
    if (event.key === 'Enter' && !event.nativeEvent.isComposing) finish(event.currentTarget.value, true)
    if (event.key === 'Escape') finish(null, true)
  }

  return (
    <TextField.Root
      className="td-rename"
      defaultValue={room.name}
      maxLength={100}
      autoFocus
      aria-label={t.boards.renameLabel}
      onFocus={(e) => e.currentTarget.select()}
      onBlur={(e) => finish(e.currentTarget.value, false)}
      onKeyDown={onKeyDown}
    />
  )
}
