// Links that let anyone in: one or more for editing, one or more for viewing.
import { EyeOpenIcon, Pencil1Icon, PlusIcon, TrashIcon } from '@radix-ui/react-icons'
import { Button, Flex, IconButton, Text } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { CopyButton } from '../components/CopyButton'
import { Failed, Loading } from '../components/States'
import { useToast } from '../components/Toasts'
import { boardUrl } from '../lib/base'
import { errorText } from '../lib/errors'
import { linksQuery, useCreateLink, useRevokeLink } from '../lib/sharing'
import { shortDate } from '../lib/time'
import type { LinkRole, Room, ShareLink } from '../lib/types'
import { t } from '../texts'

const ROLES: LinkRole[] = ['editor', 'viewer']
const ICONS = { editor: Pencil1Icon, viewer: EyeOpenIcon }

export function Links({ room }: { room: Room }) {
  const owner = room.role === 'owner'
  const links = useQuery(linksQuery(room.id))

  if (links.isLoadingError) return <Failed title={t.share.tabs.links} error={links.error} onRetry={links.refetch} />
  if (!links.data) return <Loading />

  const all = links.data.links

  return (
    <>
      <Text as="p" size="2" color="gray" my="3">
        {t.share.linkText}
      </Text>
      {all.length === 0 && !owner && <Text as="p">{t.share.noLinks}</Text>}
      <ul className="td-list td-rows">
        {ROLES.map((role) => {
          const ofRole = all.filter((l) => l.role === role)
          if (ofRole.length > 0) return ofRole.map((l) => <LinkRow key={l.id} room={room} link={l} />)
          return owner && <NewLinkRow key={role} room={room} role={role} />
        })}
      </ul>
    </>
  )
}

function RoleIcon({ role }: { role: LinkRole }) {
  const Icon = ICONS[role]

  return (
    <span className="td-row-icon">
      <Icon />
    </span>
  )
}

function LinkRow({ room, link }: { room: Room; link: ShareLink }) {
  const toast = useToast()
  const revoke = useRevokeLink(room.id)

  const take = () =>
    revoke.mutateAsync(link.id).then(
      () => toast({ text: t.share.revoked }),
      (error: unknown) => toast({ text: errorText(error), tone: 'error' }),
    )

  return (
    <li className="td-row">
      <RoleIcon role={link.role} />
      <div className="td-grow">
        <Text as="p" size="2">
          {t.share.linkRoles[link.role]}
        </Text>
        {link.expires_at !== null && (
          <Text as="p" size="1" color="gray">
            {t.share.until(shortDate(link.expires_at))}
          </Text>
        )}
      </div>
      <Flex gap="3" align="center">
        <CopyButton text={boardUrl(room.id, link.token)} label={t.share.copyLink} />
        {room.role === 'owner' && (
          <IconButton
            variant="ghost"
            color="red"
            aria-label={t.share.revokeLink}
            title={t.share.revokeLink}
            loading={revoke.isPending}
            onClick={() => void take()}
          >
            <TrashIcon />
          </IconButton>
        )}
      </Flex>
    </li>
  )
}

function NewLinkRow({ room, role }: { room: Room; role: LinkRole }) {
  const toast = useToast()
  const create = useCreateLink(room.id)

  return (
    <li className="td-row">
      <RoleIcon role={role} />
      <Text as="p" size="2" color="gray" className="td-grow">
        {t.share.linkRoles[role]}
      </Text>
      <Button
        variant="outline"
        aria-label={t.share.createLinkFor[role]}
        loading={create.isPending}
        onClick={() => create.mutate(role, { onError: (error) => toast({ text: errorText(error), tone: 'error' }) })}
      >
        <PlusIcon /> {t.share.createLink}
      </Button>
    </li>
  )
}
