// Deleting a board for ever cannot be undone, so it is asked.
import { t } from '../texts'
import { AskDialog, type Asking } from './AskDialog'

interface Props extends Asking {
  name: string
  onPurge: () => void
}

export function PurgeDialog({ name, onPurge, ...asking }: Props) {
  return <AskDialog {...asking} title={t.boards.purgeTitle(name)} text={t.boards.purgeText} action={t.boards.purge} color="red" onAction={onPurge} />
}
