// The versions that have a name, the latest first.
import { DotsHorizontalIcon, Pencil1Icon, TrashIcon } from '@radix-ui/react-icons'
import { Box, DropdownMenu, Heading, IconButton, Text } from '@radix-ui/themes'
import { useState } from 'react'
import { useBoard } from '../board/BoardContext'
import { NameDialog } from '../components/NameDialog'
import { useFailed, useToast } from '../components/Toasts'
import { t } from '../texts'
import { timeOf } from './moments'
import { type Version, useNameVersion, useUnnameVersion } from './queries'
import { useMayChange } from './rights'

interface Props {
  versions: Version[]
  /* the clock of the moment that is shown */
  chosen: number
  open: boolean
  onLook: (clock: number) => void
}

export function Versions({ versions, chosen, open, onLook }: Props) {
  const mayChange = useMayChange()

  return (
    <aside className="td-history-versions" data-open={open} aria-label={t.history.versions}>
      <Heading as="h2" size="2" mb="2">
        {t.history.versions}
      </Heading>
      {versions.length === 0 && (
        <Text as="p" size="2" color="gray">
          {t.history.noVersions}
        </Text>
      )}
      <ul className="td-list">
        {[...versions].reverse().map((v) => (
          <li key={v.clock} className="td-row">
            <button
              type="button"
              className="td-history-version"
              aria-current={v.clock === chosen}
              onClick={() => onLook(v.clock)}
            >
              <Text as="span" size="2" weight="medium" truncate>
                {v.name}
              </Text>
              <Text as="span" size="1" color="gray" truncate>
                {timeOf(v.at)}
              </Text>
              {v.by && (
                <Text as="span" size="1" color="gray" truncate>
                  {t.history.by(v.by.name)}
                </Text>
              )}
            </button>
            {mayChange && <VersionMenu version={v} />}
          </li>
        ))}
      </ul>
    </aside>
  )
}

function VersionMenu({ version }: { version: Version }) {
  const { room, link } = useBoard()
  const toast = useToast()
  const [renaming, setRenaming] = useState(false)
  const rename = useNameVersion(room.id, link)
  const unname = useUnnameVersion(room.id, link)
  const failed = useFailed()
  const { clock, name } = version

  return (
    <Box flexShrink="0">
      <DropdownMenu.Root>
        <DropdownMenu.Trigger>
          <IconButton variant="ghost" color="gray" aria-label={t.history.versionActions(name)}>
            <DotsHorizontalIcon />
          </IconButton>
        </DropdownMenu.Trigger>
        <DropdownMenu.Content align="end">
          <DropdownMenu.Item onSelect={() => setRenaming(true)}>
            <Pencil1Icon /> {t.history.rename}
          </DropdownMenu.Item>
          <DropdownMenu.Item
            color="red"
            onSelect={() => void unname.mutateAsync(clock).then(() => toast({ text: t.history.unnamed(name) }), failed)}
          >
            <TrashIcon /> {t.history.unname}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Root>
      <NameDialog
        open={renaming}
        onOpenChange={setRenaming}
        title={t.history.rename}
        label={t.history.nameLabel}
        submit={t.save}
        name={name}
        onName={(wanted) => rename.mutate({ clock, name: wanted }, { onError: failed })}
      />
    </Box>
  )
}
