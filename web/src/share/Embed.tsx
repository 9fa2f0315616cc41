// What to put into the page of another site so that it shows the board.
import { Button, Flex, Text, TextArea } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { CopyButton } from '../components/CopyButton'
import { FormError } from '../components/FormError'
import { Failed, Loading } from '../components/States'
import { embedUrl } from '../lib/base'
import { linksQuery, useCreateLink } from '../lib/sharing'
import type { LinkRole, Room } from '../lib/types'
import { t } from '../texts'
import { RoleSelect } from './RoleSelect'

const ROLES: LinkRole[] = ['viewer', 'editor']

const escape = (text: string) => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;')

function snippet(room: Room, token: string): string {
  return (
    `<iframe src="${embedUrl(room.id, token)}" title="${escape(room.name)}"` +
    ' width="800" height="500" style="border: 0; max-width: 100%" loading="lazy" allow="fullscreen"></iframe>'
  )
}

export function Embed({ room }: { room: Room }) {
  const [role, setRole] = useState<LinkRole>('viewer')
  const links = useQuery(linksQuery(room.id))
  const create = useCreateLink(room.id)

  if (links.isLoadingError) return <Failed title={t.share.tabs.links} error={links.error} onRetry={links.refetch} />
  if (!links.data) return <Loading />

  const link = links.data.links.find((l) => l.role === role)

  return (
    <>
      <Text as="p" size="2" color="gray" my="3">
        {t.share.embedText}
      </Text>
      <Flex mb="3">
        <RoleSelect value={role} roles={ROLES} label={t.share.role} onChange={(r) => setRole(r as LinkRole)} />
      </Flex>
      {link ? (
        <>
          <TextArea
            readOnly
            rows={4}
            size="1"
            mb="3"
            aria-label={t.share.embedCode}
            value={snippet(room, link.token)}
            onFocus={(e) => e.currentTarget.select()}
          />
          <CopyButton text={snippet(room, link.token)} label={t.share.copyCode} />
        </>
      ) : room.role === 'owner' ? (
        <>
          <FormError error={create.error} />
          <Button loading={create.isPending} onClick={() => create.mutate({ role })}>
            {t.share.createLinkFor[role]}
          </Button>
        </>
      ) : (
        <Text as="p">{t.share.noLinks}</Text>
      )}
    </>
  )
}
